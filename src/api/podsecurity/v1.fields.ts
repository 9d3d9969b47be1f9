// Field table of podsecurity/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
PodSecurityConfiguration object
  defaults - podsecurity.v1.PodSecurityDefaults !
  exemptions - podsecurity.v1.PodSecurityExemptions !

PodSecurityDefaults
  enforce - string
  enforce-version - string
  audit - string
  audit-version - string
  warn - string
  warn-version - string

PodSecurityExemptions
  usernames - list[string]
  namespaces - list[string]
  runtimeClasses - list[string]
`;
