// Jobs: numbers and modes, policies, the generated selector, and what may change (pkg/apis/batch/validation).
import type { Job, JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicyRule } from '#api/batch/v1.ts';
import type { PodSpec, PodTemplateSpec } from '#api/core/v1.ts';
import { addAll, child, duplicate, goQuote, index, invalidValue, key, notSupported, required, tooLong, tooMany, type FieldError } from '../../field-errors.ts';
import { dns1123LabelErrors, nameIsSubdomain } from '../../names.ts';
import { selectorFromObject } from '../../selectors-label.ts';
import { checkDomainPath, checkQualifiedName } from '../core/fields.ts';
import { checkPodTemplate, checkSelectorFits } from '../core/pod-template.ts';
import { goStruct } from '../go-struct.ts';
import { immutable, nonNegative, sameValue } from '../meta/object-meta.ts';
import { hasInvalidValues, validateLabelSelector } from '../meta/selectors.ts';
import { checkMeta, checkMetaUpdate, kind } from '../validator.ts';
import { indexesError, parseIndexes } from './indexes.ts';
import { checkJobStatus } from './job-status.ts';

const counters = ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const;
const softLimit = 100_000;

function given<T>(value: T | null | undefined): value is T {
  return value !== undefined && value !== null;
}

/** The specification without its selector: Jobs and the templates of CronJobs share it. */
export function checkJobSpec(spec: JobSpec | undefined, path: string, old?: JobSpec): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of counters) {
    const value = spec?.[field];
    if (given(value)) addAll(errors, nonNegative(value, child(path, field)));
  }
  if (given(spec?.maxFailedIndexes) && !given(spec.backoffLimitPerIndex)) {
    errors.push(required(child(path, 'backoffLimitPerIndex'), 'when maxFailedIndexes is specified'));
  }
  if (given(spec?.managedBy)) {
    const at = child(path, 'managedBy');
    addAll(errors, checkDomainPath(spec.managedBy, at));
    if (Buffer.byteLength(spec.managedBy) > 63) errors.push(tooLong(at, '', 63));
  }
  addAll(errors, checkMode(spec, path));
  if (spec?.podFailurePolicy) addAll(errors, checkFailurePolicy(spec, child(path, 'podFailurePolicy', 'rules')));
  if (spec?.successPolicy) {
    const at = child(path, 'successPolicy');
    if (spec.completionMode !== 'Indexed') errors.push(invalidValue(at, goStruct('batch.v1.SuccessPolicy', spec.successPolicy), 'requires indexed completion mode'));
    else addAll(errors, checkSuccessPolicy(spec, child(at, 'rules')));
  }
  const replacement = spec?.podReplacementPolicy ?? undefined;
  if (replacement !== undefined) {
    const allowed = spec?.podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed'];
    if (!allowed.includes(replacement)) errors.push(notSupported(child(path, 'podReplacementPolicy'), replacement, allowed));
  }
  addAll(errors, checkPodTemplate(spec?.template, child(path, 'template'), old?.template));
  return [...errors, ...checkRestartPolicy(spec, child(path, 'template', 'spec', 'restartPolicy'))];
}

function checkRestartPolicy(spec: JobSpec | undefined, path: string): FieldError[] {
  const policy = spec?.template?.spec?.restartPolicy ?? '';
  if (policy === 'Always' || policy === '') return [required(path, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupported(path, policy, ['OnFailure', 'Never'])];
  if (!spec?.podFailurePolicy || policy === 'Never') return [];
  return [invalidValue(path, policy, 'only "Never" is supported when podFailurePolicy is specified')];
}

function checkMode(spec: JobSpec | undefined, path: string): FieldError[] {
  const mode = spec?.completionMode ?? undefined;
  const errors: FieldError[] = [];
  if (mode !== undefined && mode !== 'NonIndexed' && mode !== 'Indexed') {
    errors.push(notSupported(child(path, 'completionMode'), mode, ['NonIndexed', 'Indexed']));
  }
  if (mode === 'Indexed' && spec !== undefined) addAll(errors, checkIndexed(spec, path));
  if (mode !== undefined && mode !== 'NonIndexed') return errors;
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) {
    const value = spec?.[field];
    if (given(value)) errors.push(invalidValue(child(path, field), value, 'requires indexed completion mode'));
  }
  return errors;
}

function checkIndexed(spec: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const parallelism = spec.parallelism ?? 0;
  const completions = spec.completions ?? undefined;
  const failed = spec.maxFailedIndexes ?? undefined;
  const failedPath = child(path, 'maxFailedIndexes');
  if (completions === undefined) errors.push(required(child(path, 'completions'), 'when completion mode is Indexed'));
  if (parallelism > softLimit) {
    errors.push(invalidValue(child(path, 'parallelism'), parallelism, `must be less than or equal to ${softLimit} when completion mode is Indexed`));
  }
  if (completions !== undefined && failed !== undefined && failed > completions) errors.push(invalidValue(failedPath, failed, 'must be less than or equal to completions'));
  if (failed !== undefined && failed > softLimit) errors.push(invalidValue(failedPath, failed, `must be less than or equal to ${softLimit}`));
  if (completions === undefined || completions <= softLimit || !given(spec.backoffLimitPerIndex)) return errors;
  const detail = `must be less than or equal to 10000 when completions are above ${softLimit} and used with backoff limit per index`;
  if (failed === undefined) errors.push(required(failedPath, `must be specified when completions is above ${softLimit}`));
  if (parallelism > 10_000) errors.push(invalidValue(child(path, 'parallelism'), parallelism, detail));
  if (failed !== undefined && failed > 10_000) errors.push(invalidValue(failedPath, failed, detail));
  return errors;
}

/** "[\"a\" \"b\"]": a list as Go's %q prints it. */
function quoted(values: readonly string[]): string {
  return `[${values.map(goQuote).join(' ')}]`;
}

function checkFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const errors: FieldError[] = [];
  if (rules.length > 20) errors.push(tooMany(path, rules.length, 20));
  const pod = spec.template?.spec;
  const names = new Set([...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map((container) => container.name));
  for (const [i, rule] of rules.entries()) addAll(errors, checkFailureRule(spec, rule, index(path, i), names));
  return errors;
}

const failureActions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const statuses = ['False', 'True', 'Unknown'];

function checkFailureRule(spec: JobSpec, rule: PodFailurePolicyRule, path: string, names: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const action = rule.action ?? '';
  const actionPath = child(path, 'action');
  if (action === '') errors.push(required(actionPath, `valid values: ${quoted(failureActions)}`));
  else if (action === 'FailIndex' && !given(spec.backoffLimitPerIndex)) errors.push(invalidValue(actionPath, action, 'requires the backoffLimitPerIndex to be set'));
  else if (!failureActions.includes(action)) errors.push(notSupported(actionPath, action, failureActions));
  if (rule.onExitCodes) addAll(errors, checkExitCodes(rule.onExitCodes, child(path, 'onExitCodes'), names));
  const conditions = rule.onPodConditions ?? [];
  const conditionsPath = child(path, 'onPodConditions');
  if (conditions.length > 20) errors.push(tooMany(conditionsPath, conditions.length, 20));
  for (const [i, pattern] of conditions.entries()) {
    const at = index(conditionsPath, i);
    addAll(errors, checkQualifiedName(pattern.type, child(at, 'type')));
    const status = pattern.status ?? '';
    if (status === '') errors.push(required(child(at, 'status'), `valid values: ${quoted(statuses)}`));
    else if (!statuses.includes(status)) errors.push(notSupported(child(at, 'status'), status, statuses));
  }
  const both = rule.onExitCodes && conditions.length > 0;
  if (both) errors.push(withoutValue(path, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  else if (!rule.onExitCodes && conditions.length === 0) errors.push(withoutValue(path, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return errors;
}

/** Invalid, with the value left out of the message. */
export function withoutValue(path: string, detail: string): FieldError {
  return { type: 'Invalid', field: path, badValue: undefined, detail };
}

function checkExitCodes(codes: PodFailurePolicyOnExitCodesRequirement, path: string, names: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const operator = codes.operator ?? '';
  if (operator === '') errors.push(required(child(path, 'operator'), 'valid values: ["In" "NotIn"]'));
  else if (operator !== 'In' && operator !== 'NotIn') errors.push(notSupported(child(path, 'operator'), operator, ['In', 'NotIn']));
  if (given(codes.containerName) && !names.has(codes.containerName)) {
    errors.push(invalidValue(child(path, 'containerName'), codes.containerName, 'must be one of the container or initContainer names in the pod template'));
  }
  const values = codes.values ?? [];
  const at = child(path, 'values');
  if (values.length === 0) errors.push(invalidValue(at, values, 'at least one value is required'));
  else if (values.length > 255) errors.push(tooMany(at, values.length, 255));
  const seen = new Set<number>();
  for (const [i, value] of values.entries()) {
    if (operator === 'In' && value === 0) errors.push(invalidValue(index(at, i), value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(index(at, i), value));
    seen.add(value);
  }
  if (values.some((value, i) => i > 0 && (values[i - 1] ?? 0) > value)) errors.push(invalidValue(at, values, 'must be ordered'));
  return errors;
}

function checkSuccessPolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.successPolicy?.rules ?? [];
  const errors: FieldError[] = [];
  if (rules.length === 0) errors.push(required(path, 'at least one rules must be specified when the successPolicy is specified'));
  if (rules.length > 20) errors.push(tooMany(path, rules.length, 20));
  for (const [i, rule] of rules.entries()) addAll(errors, checkSuccessRule(rule, spec.completions ?? 0, index(path, i)));
  return errors;
}

function checkSuccessRule(rule: SuccessPolicyRule, completions: number, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const indexes = rule.succeededIndexes ?? undefined;
  const count = rule.succeededCount ?? undefined;
  if (count === undefined && indexes === undefined) errors.push(required(path, 'at least one of succeededCount or succeededIndexes must be specified'));
  let total = 0;
  if (indexes !== undefined) {
    const at = child(path, 'succeededIndexes');
    if (indexes.length > 64 * 1024) errors.push(tooLong(at, '', 64 * 1024));
    const problem = indexesError(indexes, completions);
    if (problem !== undefined) errors.push(invalidValue(at, indexes, `error parsing succeededIndexes: ${problem}`));
    else total = parseIndexes(indexes, completions).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  }
  if (count === undefined) return errors;
  const at = child(path, 'succeededCount');
  addAll(errors, nonNegative(count, at));
  if (count > completions) errors.push(invalidValue(at, count, `must be less than or equal to ${completions} (the number of specified completions)`));
  if (indexes !== undefined && count > total) {
    errors.push(invalidValue(at, count, `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`));
  }
  return errors;
}

const newUidLabel = 'batch.kubernetes.io/controller-uid';
const newNameLabel = 'batch.kubernetes.io/job-name';

function checkGeneratedSelector(job: Job, withPrefixedLabels: boolean): FieldError[] {
  const selector = job.spec?.selector;
  if (job.spec?.manualSelector === true || !selector) return [];
  const errors: FieldError[] = [];
  const uid = job.metadata?.uid ?? '';
  const name = job.metadata?.name ?? '';
  if (uid === '') errors.push(required('metadata.uid', ''));
  const expected: Record<string, string> = { 'controller-uid': uid, 'job-name': name };
  if (withPrefixedLabels) Object.assign(expected, { [newUidLabel]: uid, [newNameLabel]: name });
  const labels = job.spec?.template?.metadata?.labels;
  for (const [label, value] of Object.entries(expected)) {
    const at = key('spec.template.metadata.labels', label);
    const actual = labels?.[label];
    if (actual === undefined) errors.push(required(at, `must be '${value}'`));
    else if (actual !== value) errors.push(invalidValue(at, labels, `must be '${value}'`));
  }
  try {
    if (!selectorFromObject(selector).matches(expected)) errors.push(invalidValue('spec.selector', selector, '`selector` not auto-generated'));
  } catch {
    return errors;
  }
  return errors;
}

function checkSelectorAndSpec(job: Job, old?: Job): FieldError[] {
  const selector = job.spec?.selector;
  const errors = checkJobSpec(job.spec, 'spec', old?.spec);
  if (!selector) errors.push(required('spec.selector', ''));
  else addAll(errors, validateLabelSelector(selector, 'spec.selector', hasInvalidValues(old?.spec?.selector)));
  return [...errors, ...checkSelectorFits(selector, job.spec?.template, 'spec.template')];
}

function checkJob(job: Job, old?: Job): FieldError[] {
  const oldLabels = old?.spec?.template?.metadata?.labels;
  const withPrefixed = old === undefined || (oldLabels?.[newNameLabel] !== undefined && oldLabels[newUidLabel] !== undefined);
  const errors = [...checkMeta(job.metadata, true, nameIsSubdomain), ...checkGeneratedSelector(job, withPrefixed), ...checkSelectorAndSpec(job, old)];
  const completions = job.spec?.completions ?? 0;
  if (job.spec?.completionMode === 'Indexed' && completions > 0) {
    const name = job.metadata?.name ?? '';
    const hostname = `${name}-${completions - 1}`;
    if (dns1123LabelErrors(hostname).length > 0) errors.push(invalidValue('metadata.name', name, `will not able to create pod with invalid DNS label: ${hostname}`));
  }
  return errors;
}

/** A suspended Job that runs nothing may still be steered to other nodes and given other resources. */
function mayChangeTemplate(old: Job): boolean {
  const suspended = old.spec?.suspend === true && (old.status?.conditions ?? []).some((c) => c.type === 'Suspended' && c.status === 'True');
  const neverStarted = old.spec?.suspend === true && !given(old.status?.startTime);
  return (suspended || neverStarted) && (old.status?.active ?? 0) === 0;
}

function checkTemplateUpdate(job: Job, old: Job): FieldError[] {
  const template = job.spec?.template;
  const before = old.spec?.template;
  if (!mayChangeTemplate(old)) return immutable(template, before, 'spec.template', () => goStruct('core.v1.PodTemplateSpec', template));
  const spec: PodSpec = template?.spec ?? { containers: [] };
  const allowed: PodTemplateSpec = {
    ...before,
    metadata: { ...before?.metadata, labels: template?.metadata?.labels, annotations: template?.metadata?.annotations },
    spec: {
      ...before?.spec,
      containers: (before?.spec?.containers ?? []).map((container, i) => ({ ...container, resources: spec.containers[i]?.resources })),
      initContainers: before?.spec?.initContainers?.map((container, i) => ({ ...container, resources: spec.initContainers?.[i]?.resources })),
      affinity: { ...before?.spec?.affinity, nodeAffinity: spec.affinity?.nodeAffinity },
      nodeSelector: spec.nodeSelector,
      tolerations: spec.tolerations,
      schedulingGates: spec.schedulingGates,
    },
  };
  return sameValue(spec, allowed.spec) ? [] : [invalidValue('spec.template.spec', goStruct('core.v1.PodSpec', spec), 'field is immutable')];
}

function checkUpdate(job: Job, old: Job): FieldError[] {
  const spec = job.spec;
  const before = old.spec;
  const errors = [...checkJob(job, old), ...checkMetaUpdate(job.metadata, old.metadata)];
  const completions = spec?.completions ?? null;
  if (spec?.completionMode !== 'Indexed') addAll(errors, immutable(completions, before?.completions ?? null, 'spec.completions'));
  else if (completions !== null && completions !== before?.completions && completions !== spec.parallelism) {
    errors.push(invalidValue('spec.completions', completions, 'can only be modified in tandem with spec.parallelism'));
  }
  errors.push(...immutable(spec?.selector, before?.selector, 'spec.selector'), ...checkTemplateUpdate(job, old));
  const shown: Readonly<Record<string, (() => unknown) | undefined>> = {
    podFailurePolicy: () => goStruct('batch.v1.PodFailurePolicy', spec?.podFailurePolicy),
    successPolicy: () => goStruct('batch.v1.SuccessPolicy', spec?.successPolicy),
  };
  for (const field of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const) {
    const value = spec?.[field] ?? null;
    addAll(errors, immutable(value, before?.[field] ?? null, child('spec', field), shown[field]));
  }
  return errors;
}

export const job = kind<Job>({
  create: (object) => checkJob(object),
  update: checkUpdate,
  subresources: { status: (object, old) => [...checkMetaUpdate(object.metadata, old.metadata), ...checkJobStatus(object, old)] },
});
