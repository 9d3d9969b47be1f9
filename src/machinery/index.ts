// The door of the machinery room.
export type { KubeObject } from './object.ts';
export * from './status.ts';
export * from './field-errors.ts';
export { labelKeyErrors, labelValueErrors } from './label-syntax.ts';
export {
  everything, nothing, parseLabelSelector, selectorFromLabels, selectorFromObject,
  type LabelMatcher, type LabelRequirement, type Labels,
} from './selectors-label.ts';
export { parsingLabelSelector } from './selectors-parse.ts';
export { parseFieldSelector, parsingFieldSelector, type FieldMatcher, type FieldRequirement } from './selectors-field.ts';
export {
  addQuantity, canonicalQuantity, compareQuantity, formatQuantity, isZeroQuantity, milliQuantityOf, parseQuantity, quantityMilliValue,
  quantityOf, quantitySign, quantityValue, roundUpQuantity, subQuantity, type Quantity,
} from './quantity.ts';
export { jsonPatch, patchingJson } from './patch/json-patch.ts';
export { cloneJson, cloningJson, isObject, jsonEqual, jsonKind } from './patch/json-tree.ts';
export { knownSpecs, type KnownSpecs } from './known-specs.ts';
export { RecentSlots } from './recent-slots.ts';
export { isTwin, oncePerTwin, recentValues, type RecentValues } from './twins.ts';
export { goText, goType } from './patch/go-text.ts';
export { mergePatch, mergingPatch } from './patch/merge-patch.ts';
export { strategicallyMerging, strategicMergePatch } from './patch/strategic-merge.ts';
export { decodeManagers, encodeManagers, ManagedFieldsError, managersText, writingManagers } from './apply/managed-fields.ts';
export { sharedInOrder } from './apply/written-set.ts';
export type { ConvertTo } from './apply/update-managers.ts';
export { resetFieldsOf, type ResetFields } from './apply/reset-fields.ts';
export { parentEntries, scaleEntries, type ReplicasPaths } from './apply/scale-fields.ts';
export { mergeConfiguration } from './apply/apply-configuration.ts';
export { applying, serverSideApply, type ApplyInput } from './apply/server-side-apply.ts';
export { shapeOf, type Shape } from './apply/shape.ts';
export { keepUnchangedTimes, managerFromUserAgent, trackingUpdate, trackUpdate, type TrackUpdateInput } from './apply/track-update.ts';
export { noteKeysOf } from './json-keys.ts';
export { behindObject } from './json-scan.ts';
export { parseJson, parsePlain, parsingJson, stringifyJson, maxJsonDepth, TooManyValuesError } from './json.ts';
export { JsonSyntaxError, parseCarefully, parsingCarefully, type ParsedJson } from './json-parse.ts';
export { RawNumber } from './json-number.ts';
export { parseYaml, parseYamlStrictly, stringifyYaml, YamlError } from './yaml.ts';
export { parseYamlAside, stringifyYamlAside } from './yaml-thread.ts';
export { atOnce, inSlices, isDue, turn, type Pace, type Sliced } from './slices.ts';
export { stringifying } from './sliced-stringify.ts';
export { decodePatched, decodingPatched, type PatchedOptions } from './decode-patched.ts';
export { decodeInSlices, decodeObject, yamlWarnings, type CustomReader, type Decoded, type DecodeOptions, type FieldValidation, type SentSpec } from './decode.ts';
export { applyDefaults, applyingDefaults } from './defaults/index.ts';
export { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList, apiVersions } from './discovery.ts';
export { normalize, normalizing } from './normalize.ts';
export { UnmarshalError } from './wire-read.ts';
export { formatApiVersion, gvkOfType, parseApiVersion, typeOfGvk, type GroupVersionKind } from './group-of-type.ts';
export {
  decodeMessage, decodeProtobuf, decodeWatchEvent, encodeMessage, encodeProtobuf, encodeWatchEvent, isProtobuf, wrapProtobuf,
} from './protobuf/object.ts';
export { ProtobufError } from './protobuf/reader.ts';
export { CborError, decodingAnyCbor, decodingCborMap, encodeCbor, encodeCborItem, encodeCborListHead, encodeCborWatchEvent } from './cbor/index.ts';
export {
  dns1123LabelErrors, dns1123SubdomainErrors, isDns1123Label, isDns1123Subdomain, isQualifiedName, isValidLabelValue, nameIsPathSegment, nameIsSubdomain,
  type NameRule,
} from './names.ts';
export { validateCreate, validateStatusUpdate, validateSubresource, validateUpdate, validatingChange, validatingCreate } from './validation/index.ts';
export { podCertificateStatusErrors } from './validation/certificates/pod-status.ts';
export { checkClusterIps as checkServiceIps } from './validation/core/service-ips.ts';
export { podQos } from './validation/core/pod-qos.ts';
export { cidrWarnings, ipWarnings } from './validation/core/addresses.ts';
export { refuseAmbiguousAddresses, withoutLeadingZeros } from './validation/core/fields.ts';
export { validateAnnotations, validateLabels, validateObjectMeta, validateObjectMetaUpdate } from './validation/meta/object-meta.ts';
export { validateDeleteOptions, validatePatchOptions, validateWriteOptions } from './validation/meta/options.ts';
export {
  openApiDocuments, type OpenApiDocument, type OpenApiDocuments, type OpenApiEncoding, type OpenApiInput, type OpenApiReuse,
} from './openapi/documents.ts';
export type { CustomSchema } from './openapi/custom-schema.ts';
export { additionV2Bytes } from './openapi/protobuf-v2.ts';
export { descriptionsFromCache, findDescriptions, noDescriptions, packDescriptions, type Descriptions } from './openapi/descriptions.ts';
export {
  partialObjectMetadata, partialObjectMetadataList, tableColumns, toTable, type FilledRow, type IncludeObject, type TableInput,
} from './table/index.ts';
export { humanDuration } from './table/cell-text.ts';
export { parseJsonPath, type JsonPath } from './table/json-path.ts';
export { addInto, amountsOf, sameAmounts, toList as toAmountList, type Amounts } from './quota/amounts.ts';
export { counterFor, counterOf, countedBy, isInScopes, quotaUsage, type Counter } from './quota/counters.ts';
export { missingOf } from './quota/pod-usage.ts';
export * as cel from './cel/index.ts';
export * as cronFields from './cron-fields.ts';
export * from './structural/index.ts';
export { apiApproval, approvalAnnotation, isProtectedGroup } from './validation/apiextensions/api-approval.ts';
export { unknownFormatsOf } from './validation/apiextensions/formats.ts';
