// Field table of authentication/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
TokenReview object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 authentication.v1beta1.TokenReviewSpec ! required
  status 3 authentication.v1beta1.TokenReviewStatus !

TokenReviewSpec
  token 1 string required
  audiences 2 list[string] atomic

TokenReviewStatus
  authenticated 1 bool
  user 2 authentication.v1beta1.UserInfo !
  audiences 4 list[string] atomic
  error 3 string

UserInfo
  username 1 string
  uid 2 string
  groups 3 list[string] atomic
  extra 4 map[list[string]]
`;
