// Configurations of admission webhooks: fully qualified names, rules, side effects, timeouts, how to reach them, match
// conditions that compile. What older servers let in stays updatable.
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration } from '#api/admissionregistration/v1.ts';
import { addAll, child, duplicate, index, invalidValue, isEnough, notSupported, required, type FieldError } from '../../field-errors.ts';
import { dns1035LabelErrors, dns1123SubdomainErrors, nameIsSubdomain } from '../../names.ts';
import { jsonEqual } from '../../patch/json-tree.ts';
import { hasInvalidValues, validateLabelSelector } from '../meta/selectors.ts';
import { webhookServiceErrors, webhookUrlErrors } from '../meta/webhook-client.ts';
import type { Sliced } from '../../slices.ts';
import { checkMeta, checkMetaUpdate, slicedKind } from '../validator.ts';
import { atOnceExpressions, validateMatchConditions } from './expressions.ts';
import { reinvocationPolicies } from './mutating-policy.ts';
import { failurePolicies } from './policy-parts.ts';
import { matchPolicies, validateRule } from './rules.ts';

type Webhook = ValidatingWebhook | MutatingWebhook;

const reviewVersions = ['v1', 'v1beta1'];
const harmless = ['None', 'NoneOnDryRun'];
const sideEffects = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];

/** What is not asked of a configuration that did not have it before. */
interface Leniency {
  readonly skipsConditions: boolean;
  readonly needsHarmless: boolean;
  readonly needsKnownVersion: boolean;
  readonly needsUniqueNames: boolean;
  readonly allowsBadSelectorValues: boolean;
}

const strict: Leniency = { skipsConditions: false, needsHarmless: true, needsKnownVersion: true, needsUniqueNames: true, allowsBadSelectorValues: false };

function leniency(now: readonly Webhook[], before: readonly Webhook[]): Leniency {
  return {
    skipsConditions: now.length === before.length && before.every((hook, i) => jsonEqual(hook.matchConditions, now[i]?.matchConditions)),
    needsHarmless: before.every((hook) => harmless.includes(hook.sideEffects)),
    needsKnownVersion: before.every(({ admissionReviewVersions: versions }) => (versions ?? []).length === 0 || versions.some((version) => reviewVersions.includes(version))),
    needsUniqueNames: new Set(before.map((hook) => hook.name)).size === before.length,
    allowsBadSelectorValues: before.some((hook) => hasInvalidValues(hook.namespaceSelector) || hasInvalidValues(hook.objectSelector)),
  };
}

function checkName(name: string, path: string): FieldError[] {
  if (name === '') return [required(path, '')];
  const errors = dns1123SubdomainErrors(name);
  if (errors.length > 0) return [invalidValue(path, name, errors.join(','))];
  return name.split('.').length < 3 ? [invalidValue(path, name, 'should be a domain with at least three segments separated by dots')] : [];
}

function checkChoice(value: string | undefined, choices: readonly string[], path: string): FieldError[] {
  return value === undefined || choices.includes(value) ? [] : [notSupported(path, value, choices)];
}

function checkClient({ clientConfig }: Webhook, path: string): FieldError[] {
  const { url, service } = clientConfig ?? {};
  if (url !== undefined && service === undefined) return webhookUrlErrors(url, child(path, 'url'));
  if (service !== undefined && url === undefined) return webhookServiceErrors(service, child(path, 'service'));
  return [required(path, 'exactly one of url or service is required')];
}

function* checkWebhook(hook: Webhook, lenient: Leniency, path: string): Sliced<FieldError[]> {
  const errors = checkName(hook.name ?? '', child(path, 'name'));
  for (const [i, rule] of (hook.rules ?? []).entries()) addAll(errors, validateRule(rule, index(child(path, 'rules'), i)));
  addAll(errors, checkChoice(hook.failurePolicy, failurePolicies, child(path, 'failurePolicy')));
  addAll(errors, checkChoice(hook.matchPolicy, matchPolicies, child(path, 'matchPolicy')));
  const allowed = lenient.needsHarmless ? harmless : sideEffects;
  if (hook.sideEffects === undefined) errors.push(required(child(path, 'sideEffects'), `must specify one of ${allowed.join(', ')}`));
  addAll(errors, checkChoice(hook.sideEffects, allowed, child(path, 'sideEffects')));
  const { timeoutSeconds } = hook;
  if (timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1)) errors.push(invalidValue(child(path, 'timeoutSeconds'), timeoutSeconds, 'the timeout value must be between 1 and 30 seconds'));
  addAll(errors, validateLabelSelector(hook.namespaceSelector, child(path, 'namespaceSelector'), lenient.allowsBadSelectorValues));
  addAll(errors, validateLabelSelector(hook.objectSelector, child(path, 'objectSelector'), lenient.allowsBadSelectorValues));
  if ('reinvocationPolicy' in hook) addAll(errors, checkChoice(hook.reinvocationPolicy, reinvocationPolicies, child(path, 'reinvocationPolicy')));
  addAll(errors, checkClient(hook, child(path, 'clientConfig')));
  if (!lenient.skipsConditions) addAll(errors, yield* validateMatchConditions(hook.matchConditions ?? [], false, child(path, 'matchConditions')));
  return errors;
}

function checkVersions(versions: readonly string[], needsKnown: boolean, path: string): FieldError[] {
  if (versions.length === 0) return [required(path, `must specify one of ${reviewVersions.join(', ')}`)];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, version] of versions.entries()) {
    if (isEnough(errors)) break;
    if (seen.has(version)) errors.push(invalidValue(index(path, i), version, 'duplicate version'));
    else for (const text of dns1035LabelErrors(version)) errors.push(invalidValue(index(path, i), version, text));
    seen.add(version);
  }
  if (needsKnown && !reviewVersions.some((version) => seen.has(version))) errors.push(invalidValue(path, versions, `must include at least one of ${reviewVersions.join(', ')}`));
  return errors;
}

function* checkWebhooks(webhooks: readonly Webhook[], lenient: Leniency): Sliced<FieldError[]> {
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [i, hook] of webhooks.entries()) {
    if (isEnough(errors)) break;
    if (i % atOnceExpressions === atOnceExpressions - 1) yield;
    const path = index('webhooks', i);
    addAll(errors, yield* checkWebhook(hook, lenient, path));
    addAll(errors, checkVersions(hook.admissionReviewVersions ?? [], lenient.needsKnownVersion, child(path, 'admissionReviewVersions')));
    if (lenient.needsUniqueNames && hook.name !== '' && names.has(hook.name)) errors.push(duplicate(child(path, 'name'), hook.name));
    names.add(hook.name);
  }
  return errors;
}

const configuration = slicedKind<ValidatingWebhookConfiguration | MutatingWebhookConfiguration>({
  *create(object) {
    return [...checkMeta(object.metadata, false, nameIsSubdomain), ...(yield* checkWebhooks(object.webhooks ?? [], strict))];
  },
  *update(object, old) {
    return [...checkMetaUpdate(object.metadata, old.metadata), ...(yield* checkWebhooks(object.webhooks ?? [], leniency(object.webhooks ?? [], old.webhooks ?? [])))];
  },
});

export const validatingWebhookConfiguration = configuration;
export const mutatingWebhookConfiguration = configuration;
