// One ValidatingAdmissionPolicy, compiled, and what it decides about one request with one parameter: admit, deny with
// a message and a reason, or an error that the failure policy turns into either (upstream's validating/validator.go).
import type { ValidatingAdmissionPolicy, Validation } from '#api/admissionregistration/v1.ts';
import { errorText } from '#base/errors.ts';
import { cel } from '#machinery';
import { compileConditions, type CompiledConditions, type ConditionPorts } from './match-conditions.ts';

export interface Decision {
  readonly action: 'admit' | 'deny';
  readonly evaluation: 'admit' | 'deny' | 'error';
  readonly message: string;
  /** '' without one. */
  readonly reason: string;
  readonly seconds: number;
}

export type PolicyAnnotation =
  | { readonly action: 'publish'; readonly key: string; readonly value: string }
  | { readonly action: 'error'; readonly error: string; readonly seconds: number };

export interface ValidateResult {
  readonly decisions: readonly Decision[];
  readonly annotations: readonly PolicyAnnotation[];
}

export interface PolicyContext {
  /** With the authorizer. */
  readonly activation: cel.Activation;
  /** Without it: messages may not ask. */
  readonly plain: cel.Activation;
  readonly operation: string;
  readonly now: () => number;
  readonly signal?: AbortSignal;
}

export interface Validator {
  validate(context: PolicyContext): Promise<ValidateResult>;
}

interface Compiled {
  readonly policy: ValidatingAdmissionPolicy;
  readonly variables: cel.ComposedVariables;
  readonly conditions: CompiledConditions | undefined;
  readonly validations: readonly cel.CompiledExpression[];
  readonly messages: readonly (cel.CompiledExpression | undefined)[];
  readonly annotations: readonly cel.CompiledExpression[];
}

/** Compiles every expression; what does not compile fails each evaluation. */
export function compileValidator(ports: Pick<ConditionPorts, 'metrics'>, policy: ValidatingAdmissionPolicy): Validator {
  const { spec = {} } = policy;
  const params = spec.paramKind !== undefined;
  const variables = new cel.ComposedVariables();
  const asking = variables.environment(cel.admissionEnvironment({ params, authorizer: true }));
  const plain = variables.environment(cel.admissionEnvironment({ params, authorizer: false }));
  for (const { name, expression } of spec.variables ?? []) variables.add(asking, name, expression);
  const { matchConditions = [], validations = [], auditAnnotations = [] } = spec;
  const compiled: Compiled = {
    policy,
    variables,
    conditions: matchConditions.length === 0 ? undefined : compileConditions(ports, matchConditions, asking, spec.failurePolicy ?? 'Fail', variables),
    validations: validations.map(({ expression }) => cel.compileExpression(asking, expression, [cel.boolType])),
    messages: validations.map(({ messageExpression = '' }) => (messageExpression === '' ? undefined : cel.compileExpression(plain, messageExpression, [cel.stringType]))),
    annotations: auditAnnotations.map(({ valueExpression }) => cel.compileExpression(asking, valueExpression, [cel.stringType, cel.nullType])),
  };
  return { validate: (context) => validate(compiled, context) };
}

async function validate(compiled: Compiled, context: PolicyContext): Promise<ValidateResult> {
  const { policy, conditions } = compiled;
  const isIgnored = policy.spec?.failurePolicy === 'Ignore';
  const failed = (message: string): ValidateResult => ({ decisions: [failure(isIgnored, message, 0)], annotations: [] });
  const evaluation = { activation: context.activation, variables: compiled.variables, now: context.now, ...(context.signal === undefined ? {} : { signal: context.signal }) };
  if (conditions !== undefined) {
    const matched = await conditions.evaluate(evaluation, { name: policy.metadata?.name ?? '', kind: 'policy', type: 'validate', operation: context.operation });
    if ('error' in matched) return failed(matched.error);
    if (!matched.matches) return { decisions: [], annotations: [] };
  }
  try {
    const { results, remaining } = await cel.evaluateAll(compiled.validations, evaluation, cel.runtimeCostBudget);
    const messages = await evaluateMessages(compiled, { ...evaluation, activation: context.plain }, remaining);
    const decisions = results.map((result, i) => decide(isIgnored, policy.spec?.validations?.[i], result, messages, i));
    const annotated = await cel.evaluateAll(compiled.annotations, { ...evaluation, activation: context.plain }, cel.runtimeCostBudget);
    return { decisions, annotations: annotated.results.flatMap((result, i) => annotation(isIgnored, policy.spec?.auditAnnotations?.[i], result)) };
  } catch (error) {
    return failed(errorText(error));
  }
}

function failure(isIgnored: boolean, message: string, seconds: number): Decision {
  return { action: isIgnored ? 'admit' : 'deny', evaluation: 'error', message, reason: '', seconds };
}

type Messages = { readonly results: readonly cel.Evaluation[] } | { readonly error: string };

async function evaluateMessages(compiled: Compiled, context: cel.EvaluationContext, budget: number): Promise<Messages> {
  try {
    return await cel.evaluateAll(compiled.messages, context, budget);
  } catch (error) {
    if (error instanceof cel.OutOfBudgetError) return { error: error.message };
    throw error;
  }
}

function decide(isIgnored: boolean, validation: Validation | undefined, result: cel.Evaluation, messages: Messages, index: number): Decision {
  const seconds = result?.seconds ?? 0;
  if (result?.error !== undefined) return failure(isIgnored, result.error, seconds);
  if ('error' in messages) return failure(isIgnored, `failed messageExpression: ${messages.error}`, seconds);
  if (result?.value === true) return { action: 'admit', evaluation: 'admit', message: '', reason: '', seconds };
  return { action: 'deny', evaluation: 'deny', message: messageOf(validation, messages.results[index]), reason: validation?.reason ?? 'Invalid', seconds };
}

/** What the expression says, unless it is empty, long or of many lines; else the fixed message; else the expression. */
function messageOf(validation: Validation | undefined, result: cel.Evaluation): string {
  const made = typeof result?.value === 'string' ? result.value.trim() : '';
  if (made !== '' && Buffer.byteLength(made) <= cel.maxMessageBytes && !made.includes('\n')) return made;
  const fixed = (validation?.message ?? '').trim();
  return fixed === '' ? `failed expression: ${(validation?.expression ?? '').trim()}` : fixed;
}

function annotation(isIgnored: boolean, declared: { readonly key: string; readonly valueExpression: string } | undefined, result: cel.Evaluation): PolicyAnnotation[] {
  if (declared === undefined || result === undefined) return [];
  if (result.error !== undefined) return isIgnored ? [] : [{ action: 'error', error: result.error, seconds: result.seconds }];
  if (result.value === null) return [];
  if (typeof result.value !== 'string') {
    const error = `valueExpression '${declared.valueExpression}' resulted in unsupported return type. Return type must be either string or null.`;
    return [{ action: 'error', error, seconds: result.seconds }];
  }
  const value = result.value.trim();
  return value === '' ? [] : [{ action: 'publish', key: declared.key, value }];
}
