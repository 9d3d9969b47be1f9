// Field table of apiserver/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
AESConfiguration
  keys - list[apiserver.v1.Key] !

AdmissionConfiguration object
  plugins - list[apiserver.v1.AdmissionPluginConfiguration] !

AdmissionPluginConfiguration
  name - string !
  path - string !
  configuration - rawExtension * !

AnonymousAuthCondition
  path - string !

AnonymousAuthConfig
  enabled - bool !
  conditions - list[apiserver.v1.AnonymousAuthCondition]

AuthenticationConfiguration object
  jwt - list[apiserver.v1.JWTAuthenticator] !
  anonymous - apiserver.v1.AnonymousAuthConfig *

AuthorizationConfiguration object
  authorizers - list[apiserver.v1.AuthorizerConfiguration] !

AuthorizerConfiguration
  type - string !
  name - string !
  webhook - apiserver.v1.WebhookConfiguration *

ClaimMappings
  username - apiserver.v1.PrefixedClaimOrExpression !
  groups - apiserver.v1.PrefixedClaimOrExpression !
  uid - apiserver.v1.ClaimOrExpression !
  extra - list[apiserver.v1.ExtraMapping]

ClaimOrExpression
  claim - string
  expression - string

ClaimValidationRule
  claim - string
  requiredValue - string
  expression - string
  message - string

EncryptionConfiguration object
  resources - list[apiserver.v1.ResourceConfiguration] !

ExtraMapping
  key - string !
  valueExpression - string !

IdentityConfiguration

Issuer
  url - string !
  discoveryURL - string *
  certificateAuthority - string
  audiences - list[string] !
  audienceMatchPolicy - string
  egressSelectorType - string

JWTAuthenticator
  issuer - apiserver.v1.Issuer !
  claimValidationRules - list[apiserver.v1.ClaimValidationRule]
  claimMappings - apiserver.v1.ClaimMappings !
  userValidationRules - list[apiserver.v1.UserValidationRule]

KMSConfiguration
  apiVersion - string !
  name - string !
  cachesize - int32 *
  endpoint - string !
  timeout - duration *

Key
  name - string !
  secret - string !

LimitedResource
  apiGroup - string
  resource - string !
  matchContains - list[string]
  matchScopes - list[core.v1.ScopedResourceSelectorRequirement]

PrefixedClaimOrExpression
  claim - string
  prefix - string *
  expression - string

ProviderConfiguration
  aesgcm - apiserver.v1.AESConfiguration *
  aescbc - apiserver.v1.AESConfiguration *
  secretbox - apiserver.v1.SecretboxConfiguration *
  identity - apiserver.v1.IdentityConfiguration *
  kms - apiserver.v1.KMSConfiguration *

ResourceConfiguration
  resources - list[string] !
  providers - list[apiserver.v1.ProviderConfiguration] !

ResourceQuotaConfiguration object
  limitedResources - list[apiserver.v1.LimitedResource] !

SecretboxConfiguration
  keys - list[apiserver.v1.Key] !

TracingConfiguration object
  endpoint - string *
  samplingRatePerMillion - int32 *

UserValidationRule
  expression - string !
  message - string

WebhookAdmissionConfiguration object
  kubeConfigFile - string !
  staticManifestsDir - string

WebhookConfiguration
  authorizedTTL - duration !
  cacheAuthorizedRequests - bool *
  unauthorizedTTL - duration !
  cacheUnauthorizedRequests - bool *
  timeout - duration !
  subjectAccessReviewVersion - string !
  matchConditionSubjectAccessReviewVersion - string !
  failurePolicy - string !
  connectionInfo - apiserver.v1.WebhookConnectionInfo !
  matchConditions - list[apiserver.v1.WebhookMatchCondition] !

WebhookConnectionInfo
  type - string !
  kubeConfigFile - string * !

WebhookMatchCondition
  expression - string !
`;
