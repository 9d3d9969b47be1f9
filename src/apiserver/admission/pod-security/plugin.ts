// PodSecurity: pods are held to their namespace's level; objects with pod templates are warned about; a namespace that
// becomes stricter is told which of its pods would no longer be let in.
import type { Pod, PodTemplateSpec } from '#api/core/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import type { Clock } from '#base/clock.ts';
import type { Metrics } from '#base/metrics.ts';
import { aggregateText, forbidden, internalError, invalid } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, ObjectReader, ObjectWriter, Operation } from '../../contract.ts';
import { detailsOf, reasonsOf, violations } from './evaluate.ts';
import { isFullyPrivileged, labelPrefix, levelText, modes, policyOf, privilegedPolicy, samePolicy, strictness, type LevelVersion, type Mode, type PodSecurityPolicy } from './policy.ts';
import type { Judged, Violation } from './words.ts';

export interface PodSecuritySettings {
  readonly defaults: PodSecurityPolicy;
  readonly exemptions: { readonly usernames: readonly string[]; readonly namespaces: readonly string[]; readonly runtimeClasses: readonly string[] };
}

export const podSecurityDefaults: PodSecuritySettings = { defaults: privilegedPolicy, exemptions: { usernames: [], namespaces: [], runtimeClasses: [] } };

export interface PodSecurityParts {
  readonly reader: ObjectReader;
  readonly writer: Pick<ObjectWriter, 'lookup'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly metrics: Metrics;
}

const mostPodsChecked = 3000;
const longestCheckMs = 1000;
const ignoredSubresources: ReadonlySet<string> = new Set(['exec', 'attach', 'binding', 'eviction', 'log', 'portforward', 'proxy', 'status']);
const templates: ReadonlySet<string> = new Set([
  '/podtemplates', '/replicationcontrollers', 'apps/replicasets', 'apps/deployments', 'apps/statefulsets', 'apps/daemonsets', 'batch/jobs', 'batch/cronjobs',
]);

function templateOf(object: KubeObject | undefined, plural: string): PodTemplateSpec | undefined {
  if (plural === 'podtemplates') return object?.template as PodTemplateSpec | undefined;
  const spec = object?.spec as { template?: PodTemplateSpec; jobTemplate?: { spec?: { template?: PodTemplateSpec } } } | undefined;
  return plural === 'cronjobs' ? spec?.jobTemplate?.spec?.template : spec?.template;
}

/** Only other images, and more containers, make another pod of it. */
function isSignificant(pod: Pod, old: Pod): boolean {
  const lists = ['containers', 'initContainers'] as const;
  if (lists.some((list) => (pod.spec?.[list]?.length ?? 0) !== (old.spec?.[list]?.length ?? 0))) return true;
  if (lists.some((list) => (pod.spec?.[list] ?? []).some((container, at) => container.image !== old.spec?.[list]?.[at]?.image))) return true;
  return (pod.spec?.ephemeralContainers ?? []).some((container) => container.image !== old.spec?.ephemeralContainers?.find((own) => own.name === container.name)?.image);
}

function wouldViolate(required: LevelVersion, found: readonly Violation[]): string {
  return `would violate PodSecurity ${JSON.stringify(levelText(required))}: ${detailsOf(found)}`;
}

function ignoredPolicyText(namespace: string, policy: PodSecurityPolicy, defaults: PodSecurityPolicy, labels: Readonly<Record<string, string>>): string | undefined {
  if (isFullyPrivileged(policy) || samePolicy(policy, defaults)) return undefined;
  const shown = modes.filter((mode) => policy[mode].level !== 'privileged' && (labels[labelPrefix + mode] !== undefined || labels[`${labelPrefix}${mode}-version`] !== undefined));
  return `namespace ${JSON.stringify(namespace)} is exempt from Pod Security, and the policy (${shown.map((mode) => `${mode}=${levelText(policy[mode])}`).join(', ')}) will be ignored`;
}

export function podSecurity({ reader, writer, clock, metrics }: PodSecurityParts, settings: PodSecuritySettings = podSecurityDefaults): AdmissionPlugin {
  const { exemptions, defaults } = settings;
  const evaluations = metrics.counter('pod_security_evaluations_total', 'Number of policy evaluations that occurred, not counting ignored or exempt requests.', ['decision', 'policy_level', 'policy_version', 'mode', 'request_operation', 'resource', 'subresource']);
  const exempted = metrics.counter('pod_security_exemptions_total', 'Number of exempt requests, not counting ignored or out of scope requests.', ['request_operation', 'resource', 'subresource']);
  const failures = metrics.counter('pod_security_errors_total', 'Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.', ['fatal', 'request_operation', 'resource', 'subresource']);
  // The usual ones are told from the start, at zero.
  for (const request_operation of ['create', 'update']) {
    evaluations.labels({ decision: 'allow', policy_level: 'privileged', policy_version: 'latest', mode: 'enforce', request_operation, resource: 'pod', subresource: '' });
    for (const resource of ['pod', 'controller']) exempted.labels({ request_operation, resource, subresource: '' });
  }
  const kindOf = ({ plural }: ResourceInfo): string => (plural === 'pods' ? 'pod' : 'controller');
  const count = (request: AdmissionRequest, decision: 'allow' | 'deny', required: LevelVersion, mode: Mode): void =>
    evaluations.inc({ decision, policy_level: required.level, policy_version: required.version, mode, request_operation: request.operation.toLowerCase(), resource: kindOf(request.resource), subresource: request.subresource });
  const exempt = (request: AdmissionRequest, by: string): void => {
    request.annotate('pod-security.kubernetes.io/exempt', by);
    exempted.inc({ request_operation: request.operation.toLowerCase(), resource: kindOf(request.resource), subresource: request.subresource });
  };

  const judge = (request: AdmissionRequest, { policy, errors }: ReturnType<typeof policyOf>, pod: Judged, enforces: boolean): void => {
    const className = pod.spec.runtimeClassName ?? '';
    if (className !== '' && exemptions.runtimeClasses.includes(className)) return exempt(request, 'runtimeClass');
    if (errors.length > 0) {
      request.annotate('pod-security.kubernetes.io/error', `Failed to parse policy: ${aggregateText(errors)}`);
      failures.inc({ fatal: 'false', request_operation: request.operation.toLowerCase(), resource: kindOf(request.resource), subresource: request.subresource });
    }
    const audited = violations(policy.audit, pod);
    if (audited.length > 0) {
      request.annotate('pod-security.kubernetes.io/audit-violations', wouldViolate(policy.audit, audited));
      count(request, 'deny', policy.audit, 'audit');
    }
    if (enforces) {
      request.annotate('pod-security.kubernetes.io/enforce-policy', levelText(policy.enforce));
      const enforced = violations(policy.enforce, pod);
      count(request, enforced.length === 0 ? 'allow' : 'deny', policy.enforce, 'enforce');
      if (enforced.length > 0) {
        const { group, plural } = request.resource;
        throw forbidden({ group, resource: plural }, request.name, `violates PodSecurity ${JSON.stringify(levelText(policy.enforce))}: ${detailsOf(enforced)}`);
      }
    }
    const warned = violations(policy.warn, pod);
    if (warned.length === 0) return;
    request.warn(wouldViolate(policy.warn, warned));
    count(request, 'deny', policy.warn, 'warn');
  };

  // The cache hands out one object until the namespace changes.
  const decisions = new WeakMap<KubeObject, ReturnType<typeof policyOf>>();
  const decidedBy = (namespace: KubeObject): ReturnType<typeof policyOf> => {
    let decided = decisions.get(namespace);
    if (decided === undefined) decisions.set(namespace, (decided = policyOf(namespace.metadata?.labels, defaults)));
    return decided;
  };

  const existingPods = (namespace: string): KubeObject[] => {
    const owners = new Set<string>();
    const first: KubeObject[] = [];
    const replicas: KubeObject[] = [];
    for (const pod of reader.list('', 'pods', namespace)) {
      if (exemptions.runtimeClasses.includes((pod as Pod).spec?.runtimeClassName ?? '')) continue;
      const owner = pod.metadata?.ownerReferences?.find((ref) => ref.controller === true)?.uid;
      (owner !== undefined && owners.has(owner) ? replicas : first).push(pod);
      if (owner !== undefined) owners.add(owner);
    }
    return [...first, ...replicas];
  };

  const warnOfExisting = (request: AdmissionRequest, required: LevelVersion): void => {
    const pods = existingPods(request.name);
    const until = clock.monotonic() + longestCheckMs;
    const byReason = new Map<string, { name: string; count: number }>();
    let checked = 0;
    for (const pod of pods.slice(0, mostPodsChecked)) {
      checked++;
      const { spec } = pod as Pod;
      const reason = spec === undefined ? '' : reasonsOf(violations(required, { spec, annotations: pod.metadata?.annotations ?? {} }));
      const name = pod.metadata?.name ?? '';
      const known = byReason.get(reason);
      if (reason !== '') byReason.set(reason, { name: known === undefined || name < known.name ? name : known.name, count: (known?.count ?? 0) + 1 });
      if (clock.monotonic() > until) break;
    }
    if (checked < pods.length) request.warn(`new PodSecurity enforce level only checked against the first ${checked} of ${pods.length} existing pods`);
    if (byReason.size > 0) request.warn(`existing pods in namespace ${JSON.stringify(request.name)} violate the new PodSecurity enforce level ${JSON.stringify(levelText(required))}`);
    const others = (more: number): string => (more === 0 ? '' : more === 1 ? ' (and 1 other pod)' : ` (and ${more} other pods)`);
    for (const text of [...byReason].map(([reason, { name, count: pods }]) => `${name}${others(pods - 1)}: ${reason}`).sort()) request.warn(text);
  };

  const validateNamespace = (request: AdmissionRequest): void => {
    const labels = request.object?.metadata?.labels ?? {};
    const now = policyOf(labels, defaults);
    const isUpdate = request.operation === 'UPDATE';
    const before = policyOf(request.oldObject?.metadata?.labels, defaults);
    const sameErrors = isUpdate && before.errors.length > 0 && JSON.stringify(now.errors) === JSON.stringify(before.errors);
    if (now.errors.length > 0 && !sameErrors) throw invalid({ group: '', kind: 'Namespace' }, request.name, now.errors);
    const { enforce } = now.policy;
    const isLaxer = levelText(enforce) === levelText(before.policy.enforce) || enforce.level === 'privileged' || (enforce.version === before.policy.enforce.version && strictness(enforce.level) <= strictness(before.policy.enforce.level));
    if (isUpdate && isLaxer) return;
    if (exemptions.namespaces.includes(request.name)) {
      const text = ignoredPolicyText(request.name, now.policy, defaults, labels);
      if (text !== undefined) request.warn(text);
    } else if (isUpdate) warnOfExisting(request, enforce);
  };

  const validatePods = async (request: AdmissionRequest, isPod: boolean): Promise<void> => {
    const { namespace, user, object, oldObject } = request;
    if (exemptions.namespaces.includes(namespace)) return exempt(request, 'namespace');
    if (user.name !== '' && exemptions.usernames.includes(user.name)) return exempt(request, 'user');
    const found = reader.get('', 'namespaces', '', namespace) ?? (await writer.lookup('', 'namespaces', '', namespace));
    if (found === undefined) {
      if (isPod) throw internalError(new Error(`failed to lookup namespace ${JSON.stringify(namespace)}`));
      return request.annotate('pod-security.kubernetes.io/error', `failed to lookup namespace ${JSON.stringify(namespace)}: namespaces ${JSON.stringify(namespace)} not found`);
    }
    const decided = decidedBy(found);
    const { policy, errors } = decided;
    const idle = isPod ? isFullyPrivileged(policy) : policy.warn.level === 'privileged' && policy.audit.level === 'privileged';
    if (errors.length === 0 && idle) {
      if (isPod) request.annotate('pod-security.kubernetes.io/enforce-policy', levelText(policy.enforce));
      return;
    }
    const template = isPod ? (object as Pod | undefined) : templateOf(object, request.resource.plural);
    if (template?.spec === undefined) return;
    if (isPod && request.operation === 'UPDATE' && oldObject !== undefined && !isSignificant(template, oldObject as Pod)) return;
    judge(request, decided, { spec: template.spec, annotations: template.metadata?.annotations ?? {} }, isPod);
  };

  return {
    name: 'PodSecurity',
    handles(operation: Operation, resource, subresource) {
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
      if (resource.group === '' && resource.plural === 'pods') return !ignoredSubresources.has(subresource);
      return subresource === '' && ((resource.group === '' && resource.plural === 'namespaces') || templates.has(`${resource.group}/${resource.plural}`));
    },
    validate(request) {
      if (request.resource.plural === 'namespaces') return validateNamespace(request);
      return validatePods(request, request.resource.plural === 'pods');
    },
  };
}
