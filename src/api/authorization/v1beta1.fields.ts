// Field table of authorization/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
NonResourceAttributes
  path 1 string
  verb 2 string

ResourceAttributes
  namespace 1 string
  verb 2 string
  group 3 string
  version 4 string
  resource 5 string
  subresource 6 string
  name 7 string
  fieldSelector 8 authorization.v1.FieldSelectorAttributes *
  labelSelector 9 authorization.v1.LabelSelectorAttributes *

SubjectAccessReview object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 authorization.v1beta1.SubjectAccessReviewSpec ! required
  status 3 authorization.v1beta1.SubjectAccessReviewStatus !

SubjectAccessReviewSpec
  resourceAttributes 1 authorization.v1beta1.ResourceAttributes *
  nonResourceAttributes 2 authorization.v1beta1.NonResourceAttributes *
  user 3 string
  group 4 list[string] atomic
  extra 5 map[list[string]]
  uid 6 string

SubjectAccessReviewStatus
  allowed 1 bool ! required
  denied 4 bool
  reason 2 string
  evaluationError 3 string
`;
