// Field table of apiextensions/v1: the one place where the shape of its types is written down.
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
  request 1 apiextensions.v1.ConversionRequest *
  response 2 apiextensions.v1.ConversionResponse *

CustomResourceColumnDefinition
  name 1 string ! required
  type 2 string ! required
  format 3 string
  description 4 string
  priority 5 int32
  jsonPath 6 string ! required

CustomResourceConversion
  strategy 1 string ! required
  webhook 2 apiextensions.v1.WebhookConversion *

CustomResourceDefinition object
  metadata 1 meta.v1.ObjectMeta !
  spec 2 apiextensions.v1.CustomResourceDefinitionSpec ! required
  status 3 apiextensions.v1.CustomResourceDefinitionStatus !

CustomResourceDefinitionCondition
  type 1 string ! required
  status 2 string ! required
  lastTransitionTime 3 time !
  reason 4 string
  message 5 string
  observedGeneration 6 int64

CustomResourceDefinitionList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[apiextensions.v1.CustomResourceDefinition] ! required

CustomResourceDefinitionNames
  plural 1 string ! required
  singular 2 string
  shortNames 3 list[string] atomic
  kind 4 string ! required
  listKind 5 string
  categories 6 list[string] atomic

CustomResourceDefinitionSpec
  group 1 string ! required
  names 3 apiextensions.v1.CustomResourceDefinitionNames ! required
  scope 4 string ! required
  versions 7 list[apiextensions.v1.CustomResourceDefinitionVersion] ! required atomic
  conversion 9 apiextensions.v1.CustomResourceConversion *
  preserveUnknownFields 10 bool

CustomResourceDefinitionStatus
  conditions 1 list[apiextensions.v1.CustomResourceDefinitionCondition] ! keys(type)
  acceptedNames 2 apiextensions.v1.CustomResourceDefinitionNames !
  storedVersions 3 list[string] ! atomic
  observedGeneration 4 int64

CustomResourceDefinitionVersion
  name 1 string ! required
  served 2 bool ! required
  storage 3 bool ! required
  deprecated 7 bool
  deprecationWarning 8 string *
  schema 4 apiextensions.v1.CustomResourceValidation *
  subresources 5 apiextensions.v1.CustomResourceSubresources *
  additionalPrinterColumns 6 list[apiextensions.v1.CustomResourceColumnDefinition] atomic
  selectableFields 9 list[apiextensions.v1.SelectableField] atomic

CustomResourceSubresourceScale
  specReplicasPath 1 string ! required
  statusReplicasPath 2 string ! required
  labelSelectorPath 3 string *

CustomResourceSubresourceStatus

CustomResourceSubresources
  status 1 apiextensions.v1.CustomResourceSubresourceStatus *
  scale 2 apiextensions.v1.CustomResourceSubresourceScale *

CustomResourceValidation
  openAPIV3Schema 1 apiextensions.v1.JSONSchemaProps *

ExternalDocumentation
  description 1 string
  url 2 string

JSONSchemaProps
  id 1 string
  $schema 2 string
  $ref 3 string *
  description 4 string
  type 5 string
  format 6 string
  title 7 string
  default 8 apiextensions.v1.JSON *
  maximum 9 double *
  exclusiveMaximum 10 bool
  minimum 11 double *
  exclusiveMinimum 12 bool
  maxLength 13 int64 *
  minLength 14 int64 *
  pattern 15 string
  maxItems 16 int64 *
  minItems 17 int64 *
  uniqueItems 18 bool
  multipleOf 19 double *
  enum 20 list[apiextensions.v1.JSON] atomic
  maxProperties 21 int64 *
  minProperties 22 int64 *
  required 23 list[string] atomic
  items 24 apiextensions.v1.JSONSchemaPropsOrArray *
  allOf 25 list[apiextensions.v1.JSONSchemaProps] atomic
  oneOf 26 list[apiextensions.v1.JSONSchemaProps] atomic
  anyOf 27 list[apiextensions.v1.JSONSchemaProps] atomic
  not 28 apiextensions.v1.JSONSchemaProps *
  properties 29 map[apiextensions.v1.JSONSchemaProps]
  additionalProperties 30 apiextensions.v1.JSONSchemaPropsOrBool *
  patternProperties 31 map[apiextensions.v1.JSONSchemaProps]
  dependencies 32 map[apiextensions.v1.JSONSchemaPropsOrStringArray]
  additionalItems 33 apiextensions.v1.JSONSchemaPropsOrBool *
  definitions 34 map[apiextensions.v1.JSONSchemaProps]
  externalDocs 35 apiextensions.v1.ExternalDocumentation *
  example 36 apiextensions.v1.JSON *
  nullable 37 bool
  x-kubernetes-preserve-unknown-fields 38 bool *
  x-kubernetes-embedded-resource 39 bool
  x-kubernetes-int-or-string 40 bool
  x-kubernetes-list-map-keys 41 list[string] atomic
  x-kubernetes-list-type 42 string *
  x-kubernetes-map-type 43 string *
  x-kubernetes-validations 44 list[apiextensions.v1.ValidationRule] keys(rule) merge(rule)

SelectableField
  jsonPath 1 string ! required

ServiceReference
  namespace 1 string ! required
  name 2 string ! required
  path 3 string *
  port 4 int32 *

ValidationRule
  rule 1 string ! required
  message 2 string
  messageExpression 3 string
  reason 4 string * enum(FieldValueDuplicate,FieldValueForbidden,FieldValueInvalid,FieldValueRequired)
  fieldPath 5 string
  optionalOldSelf 6 bool *

WebhookClientConfig
  url 3 string *
  service 1 apiextensions.v1.ServiceReference *
  caBundle 2 bytes

WebhookConversion
  clientConfig 2 apiextensions.v1.WebhookClientConfig *
  conversionReviewVersions 3 list[string] ! required atomic
`;
