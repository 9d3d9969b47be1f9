// Field table of authorization/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
FieldSelectorAttributes
  rawSelector 1 string
  requirements 2 list[meta.v1.FieldSelectorRequirement] atomic

LabelSelectorAttributes
  rawSelector 1 string
  requirements 2 list[meta.v1.LabelSelectorRequirement] atomic

LocalSubjectAccessReview object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 authorization.v1.SubjectAccessReviewSpec ! required
  status 3 authorization.v1.SubjectAccessReviewStatus !

NonResourceAttributes
  path 1 string
  verb 2 string

NonResourceRule
  verbs 1 list[string] ! required atomic
  nonResourceURLs 2 list[string] atomic

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

ResourceRule
  verbs 1 list[string] ! required atomic
  apiGroups 2 list[string] atomic
  resources 3 list[string] atomic
  resourceNames 4 list[string] atomic

SelfSubjectAccessReview object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 authorization.v1.SelfSubjectAccessReviewSpec ! required
  status 3 authorization.v1.SubjectAccessReviewStatus !

SelfSubjectAccessReviewSpec
  resourceAttributes 1 authorization.v1.ResourceAttributes *
  nonResourceAttributes 2 authorization.v1.NonResourceAttributes *

SelfSubjectRulesReview object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 authorization.v1.SelfSubjectRulesReviewSpec ! required
  status 3 authorization.v1.SubjectRulesReviewStatus !

SelfSubjectRulesReviewSpec
  namespace 1 string

SubjectAccessReview object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 authorization.v1.SubjectAccessReviewSpec ! required
  status 3 authorization.v1.SubjectAccessReviewStatus !

SubjectAccessReviewSpec
  resourceAttributes 1 authorization.v1.ResourceAttributes *
  nonResourceAttributes 2 authorization.v1.NonResourceAttributes *
  user 3 string
  groups 4 list[string] atomic
  extra 5 map[list[string]]
  uid 6 string

SubjectAccessReviewStatus
  allowed 1 bool ! required
  denied 4 bool
  reason 2 string
  evaluationError 3 string

SubjectRulesReviewStatus
  resourceRules 1 list[authorization.v1.ResourceRule] ! required atomic
  nonResourceRules 2 list[authorization.v1.NonResourceRule] ! required atomic
  incomplete 3 bool ! required
  evaluationError 4 string
`;
