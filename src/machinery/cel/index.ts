// The door of CEL.
export * from './contract.ts';
export {
  anyType, boolType, bytesType, doubleType, durationType, dynType, formatType, intType, isOptionalType, listType, mapType, nullType, objectType,
  opaqueType, optionalType, paramType, sameType, stringType, timestampType, typeString, typeType, uintType, wrapperType, type TypeKind,
} from './types/types.ts';
export {
  CelBytes, CelDuration, CelError, CelOptional, CelTimestamp, CelUint, isError, maxInt, maxUint, minInt, noneOptional,
  type CelList, type CelMap, type CelOpaque,
} from './types/values.ts';
export { nodes } from './syntax/nodes.ts';
export { bindMacro } from './syntax/standard-macros.ts';
export { durationLiterals, extendedValidators, homogeneousLiterals, regexLiterals, timestampLiterals } from './check/validators.ts';
export { newEnvironment } from './environment.ts';
export { ProgramError } from './run/planner.ts';
export { jsonValue } from './types/json-value.ts';
export { formatValue } from './types/value-text.ts';
export { estimateKubernetesCost, jsonPatchFunctions, kubernetesEnvironment } from './library/environment.ts';
export { matchConditionsCostBudget, maxMessageBytes, maxRequestBytes, perCallLimit, runtimeCostBudget } from './library/limits.ts';
export {
  authorizerType, authorizerValues, resourceCheckType, type AccessDecision, type AccessPort, type AccessQuestion, type AskingUser, type RequestedResource,
} from './library/authorizer.ts';
export { quantityKind, quantityType } from './library/quantity.ts';
export { ipKind, ipType } from './library/ip.ts';
export { cidrKind, cidrType } from './library/cidr.ts';
export { isCalendarDate, isDateTime } from './library/formats.ts';
export { resourceNode, schemaNode, type SchemaLimits, type SchemaNode } from './schema/node.ts';
export { builtInNode } from './schema/built-in.ts';
export { escapeName, isKeyword, unescapeName } from './schema/escape.ts';
export { declaredString, declaredType, typeProvider, unboundedElements, type Declared, type DeclaredField, type ProviderOptions } from './schema/declared.ts';
export { jsonOf, reader, valueUnder, type Reader } from './schema/view.ts';
export { admissionEnvironment, type AdmissionVariables } from './admission/environment.ts';
export { ComposedVariables, compileExpression, type CompiledExpression } from './admission/compile.ts';
export { evaluateAll, OutOfBudgetError, type Evaluation, type EvaluationContext } from './admission/evaluate.ts';
export { isJsonPatchValue, isObjectValue, jsonPatchType, objectRootType, toJson, typeMismatches } from './admission/mutation-types.ts';
export { declaredTypes, typeTable } from './admission/object-types.ts';
export { resourcesToCheck, typeCheckPolicy, type CheckedKind, type CheckedResource } from './admission/type-check.ts';
