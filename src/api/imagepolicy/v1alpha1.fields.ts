// Field table of imagepolicy/v1alpha1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
ImageReview object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 imagepolicy.v1alpha1.ImageReviewSpec !
  status 3 imagepolicy.v1alpha1.ImageReviewStatus !

ImageReviewContainerSpec
  image 1 string

ImageReviewSpec
  containers 1 list[imagepolicy.v1alpha1.ImageReviewContainerSpec] atomic
  annotations 2 map[string]
  namespace 3 string

ImageReviewStatus
  allowed 1 bool !
  reason 2 string
  auditAnnotations 3 map[string]
`;
