// Field table of admission/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
AdmissionRequest
  uid 1 string !
  kind 2 meta.v1.GroupVersionKind !
  resource 3 meta.v1.GroupVersionResource !
  subResource 4 string
  requestKind 13 meta.v1.GroupVersionKind *
  requestResource 14 meta.v1.GroupVersionResource *
  requestSubResource 15 string
  name 5 string
  namespace 6 string
  operation 7 string !
  userInfo 8 authentication.v1.UserInfo !
  object 9 rawExtension !
  oldObject 10 rawExtension !
  dryRun 11 bool *
  options 12 rawExtension !

AdmissionResponse
  uid 1 string !
  allowed 2 bool !
  status 3 meta.v1.Status *
  patch 4 bytes
  patchType 5 string *
  auditAnnotations 6 map[string]
  warnings 7 list[string]

AdmissionReview object
  request 1 admission.v1beta1.AdmissionRequest *
  response 2 admission.v1beta1.AdmissionResponse *
`;
