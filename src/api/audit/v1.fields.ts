// Field table of audit/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
AuthenticationMetadata
  impersonationConstraint 1 string

Event object
  level 1 string ! required
  auditID 2 string ! required
  stage 3 string ! required
  requestURI 4 string ! required
  verb 5 string ! required
  user 6 authentication.v1.UserInfo ! required
  impersonatedUser 7 authentication.v1.UserInfo *
  authenticationMetadata 17 audit.v1.AuthenticationMetadata *
  sourceIPs 8 list[string] atomic
  userAgent 16 string
  objectRef 9 audit.v1.ObjectReference *
  responseStatus 10 meta.v1.Status *
  requestObject 11 rawExtension *
  responseObject 12 rawExtension *
  requestReceivedTimestamp 13 microTime !
  stageTimestamp 14 microTime !
  annotations 15 map[string]

GroupResources
  group 1 string
  resources 2 list[string] atomic
  resourceNames 3 list[string] atomic

ObjectReference
  resource 1 string
  namespace 2 string
  name 3 string
  uid 4 string
  apiGroup 5 string
  apiVersion 6 string
  resourceVersion 7 string
  subresource 8 string

Policy object
  metadata 1 meta.v1.ObjectMeta !
  rules 2 list[audit.v1.PolicyRule] ! required atomic
  omitStages 3 list[string] atomic
  omitManagedFields 4 bool

PolicyRule
  level 1 string ! required
  users 2 list[string] atomic
  userGroups 3 list[string] atomic
  verbs 4 list[string] atomic
  resources 5 list[audit.v1.GroupResources] atomic
  namespaces 6 list[string] atomic
  nonResourceURLs 7 list[string] atomic
  omitStages 8 list[string] atomic
  omitManagedFields 9 bool *
`;
