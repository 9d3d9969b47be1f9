// One MutatingAdmissionPolicy, compiled, and the mutations it makes of an object: a merged configuration or a JSON
// patch, each written in CEL (upstream's mutating/compilation.go and mutating/patch).
import type { MutatingAdmissionPolicy, Mutation } from '#api/admissionregistration/v1.ts';
import { errorText } from '#base/errors.ts';
import { cel, goQuote, jsonPatch, mergeConfiguration, StatusError, type KubeObject, type Shape } from '#machinery';
import { compileConditions, type CompiledConditions, type ConditionPorts } from './match-conditions.ts';

export interface Mutator {
  readonly conditions: CompiledConditions | undefined;
  readonly mutations: readonly CompiledMutation[];
}

export interface MutationContext {
  readonly activation: cel.Activation;
  readonly object: KubeObject;
  readonly shape: Shape;
  readonly now: () => number;
  readonly signal?: AbortSignal;
}

/** Rejects with an Error that tells why the policy could not change the object. */
export type CompiledMutation = (context: MutationContext) => Promise<KubeObject>;

/** Compiles every expression; what does not compile fails each evaluation. */
export function compileMutator(ports: Pick<ConditionPorts, 'metrics'>, policy: MutatingAdmissionPolicy): Mutator {
  const { spec = {} } = policy;
  const params = spec.paramKind !== undefined;
  const variables = new cel.ComposedVariables();
  const environment = variables.environment(cel.admissionEnvironment({ params, authorizer: true }));
  const patching = variables.environment(cel.admissionEnvironment({ params, authorizer: true, patchTypes: true }));
  for (const { name, expression } of spec.variables ?? []) variables.add(environment, name, expression);
  const { matchConditions = [], mutations = [] } = spec;
  return {
    conditions: matchConditions.length === 0 ? undefined : compileConditions(ports, matchConditions, environment, spec.failurePolicy ?? 'Fail', variables),
    mutations: mutations.flatMap((mutation) => compileMutation(patching, variables, mutation)),
  };
}

function compileMutation(environment: cel.Environment, variables: cel.ComposedVariables, mutation: Mutation): CompiledMutation[] {
  const isPatch = mutation.patchType === 'JSONPatch';
  const expression = isPatch ? mutation.jsonPatch?.expression : mutation.applyConfiguration?.expression;
  if (expression === undefined) return [];
  const compiled = cel.compileExpression(environment, expression, [isPatch ? cel.listType(cel.jsonPatchType) : cel.objectRootType]);
  return [
    async (context) => {
      if (compiled.program === undefined) throw new Error(compiled.error);
      const { activation, now, signal } = context;
      const { results } = await cel.evaluateAll([compiled], { activation, variables, now, ...(signal === undefined ? {} : { signal }) }, cel.runtimeCostBudget);
      const [result] = results;
      if (result === undefined || result.error !== undefined) throw new Error(result?.error ?? '');
      return isPatch ? applyPatch(context, result.value) : applyConfiguration(context, result.value);
    },
  ];
}

function checkTypes(value: cel.CelValue): void {
  const mismatches = cel.typeMismatches(value);
  if (mismatches.length > 0) throw new Error(`type mismatch: ${mismatches.join('\n')}`);
}

function applyConfiguration({ object, shape }: MutationContext, value: cel.CelValue): KubeObject {
  if (!cel.isObjectValue(value)) throw new Error('unsupported return type from ApplyConfiguration expression');
  checkTypes(value);
  const configuration = { ...(cel.toJson(value) as KubeObject), ...(object.apiVersion === undefined ? {} : { apiVersion: object.apiVersion }), ...(object.kind === undefined ? {} : { kind: object.kind }) };
  try {
    return mergeConfiguration(shape, object, configuration);
  } catch (error) {
    throw new Error(`error applying patch: ${errorText(error)}`);
  }
}

function applyPatch({ object }: MutationContext, value: cel.CelValue): KubeObject {
  if (typeof value !== 'object' || value === null || value.is !== 'list') throw new Error('type mismatch: JSONPatchType.expression should evaluate to array');
  const operations = Array.from({ length: value.size }, (_, i) => operationOf(value.at(i)));
  try {
    return jsonPatch(object, operations);
  } catch (error) {
    const text = error instanceof StatusError && error.cause instanceof Error ? error.cause.message : errorText(error);
    // A patch whose test does not hold is not applied, and that is no failure.
    if (text.endsWith(': test failed')) return object;
    throw new Error(`JSON Patch: ${text}`);
  }
}

function operationOf(item: cel.CelResult): Record<string, unknown> {
  if (!cel.isJsonPatchValue(item)) throw new Error(`type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch, got element of ${goQuote(cel.formatValue(item))}`);
  const { op, path, from, value } = item.patch;
  const operation: Record<string, unknown> = { op, path, ...(from === '' ? {} : { from }) };
  if (value === undefined) return operation;
  if (cel.isObjectValue(value)) checkTypes(value);
  try {
    return { ...operation, value: cel.toJson(value) };
  } catch (error) {
    throw new Error(`JSONPath valueExpression evaluated to a type that could not marshal to JSON: ${errorText(error)}`);
  }
}
