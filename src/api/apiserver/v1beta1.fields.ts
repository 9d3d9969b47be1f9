// Field table of apiserver/v1beta1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
AnonymousAuthCondition
  path - string !

AnonymousAuthConfig
  enabled - bool !
  conditions - list[apiserver.v1beta1.AnonymousAuthCondition]

AuthenticationConfiguration object
  jwt - list[apiserver.v1beta1.JWTAuthenticator] !
  anonymous - apiserver.v1beta1.AnonymousAuthConfig *

AuthorizationConfiguration object
  authorizers - list[apiserver.v1beta1.AuthorizerConfiguration] !

AuthorizerConfiguration
  type - string !
  name - string !
  webhook - apiserver.v1beta1.WebhookConfiguration *

ClaimMappings
  username - apiserver.v1beta1.PrefixedClaimOrExpression !
  groups - apiserver.v1beta1.PrefixedClaimOrExpression !
  uid - apiserver.v1beta1.ClaimOrExpression !
  extra - list[apiserver.v1beta1.ExtraMapping]

ClaimOrExpression
  claim - string
  expression - string

ClaimValidationRule
  claim - string
  requiredValue - string
  expression - string
  message - string

Connection
  proxyProtocol - string
  transport - apiserver.v1beta1.Transport *

EgressSelection
  name - string !
  connection - apiserver.v1beta1.Connection !

EgressSelectorConfiguration object
  egressSelections - list[apiserver.v1beta1.EgressSelection] !

ExtraMapping
  key - string !
  valueExpression - string !

Issuer
  url - string !
  discoveryURL - string *
  certificateAuthority - string
  audiences - list[string] !
  audienceMatchPolicy - string
  egressSelectorType - string

JWTAuthenticator
  issuer - apiserver.v1beta1.Issuer !
  claimValidationRules - list[apiserver.v1beta1.ClaimValidationRule]
  claimMappings - apiserver.v1beta1.ClaimMappings !
  userValidationRules - list[apiserver.v1beta1.UserValidationRule]

PrefixedClaimOrExpression
  claim - string
  prefix - string *
  expression - string

TCPTransport
  url - string
  tlsConfig - apiserver.v1beta1.TLSConfig *

TLSConfig
  caBundle - string
  clientKey - string
  clientCert - string
  tlsServerName - string

TracingConfiguration object
  endpoint - string *
  samplingRatePerMillion - int32 *

Transport
  tcp - apiserver.v1beta1.TCPTransport *
  uds - apiserver.v1beta1.UDSTransport *

UDSTransport
  udsName - string

UserValidationRule
  expression - string !
  message - string

WebhookConfiguration
  authorizedTTL - duration !
  cacheAuthorizedRequests - bool *
  unauthorizedTTL - duration !
  cacheUnauthorizedRequests - bool *
  timeout - duration !
  subjectAccessReviewVersion - string !
  matchConditionSubjectAccessReviewVersion - string !
  failurePolicy - string !
  connectionInfo - apiserver.v1beta1.WebhookConnectionInfo !
  matchConditions - list[apiserver.v1beta1.WebhookMatchCondition] !

WebhookConnectionInfo
  type - string !
  kubeConfigFile - string * !

WebhookMatchCondition
  expression - string !
`;
