// Field table of apiextensions/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ConversionRequest
  uid 1 string ! required
  desiredAPIVersion 2 string ! required
  objects 3 list[rawExtension] ! required atomic

ConversionResponse
  uid 1 string ! required
  convertedObjects 2 list[rawExtension] ! required atomic
  result 3 meta.v1.Status ! required

ConversionReview object
  request 1 apiextensions.v1beta1.ConversionRequest *
  response 2 apiextensions.v1beta1.ConversionResponse *
`;
