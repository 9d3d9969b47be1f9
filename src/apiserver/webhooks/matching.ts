// Which requests a webhook or an admission policy is about: rules with wildcards, the resource under another served
// version (matchPolicy Equivalent), namespace and object selectors. Webhooks and policies mean the same by these
// fields, so both ask here. Selectors are parsed once per configuration object, not per request.
import type { LabelSelector } from '#api/meta/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { internalError, isNotFound, notFound, parseApiVersion, gvkOfType, selectorFromObject, type LabelMatcher } from '#machinery';
import type { AdmissionRequest, KubeObject, ObjectReader, ObjectWriter } from '../contract.ts';
import type { ResourceTable, ServedResource } from '../registry/resources.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** RuleWithOperations, and NamedRuleWithOperations of policies. */
export interface MatchRule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly scope?: string;
  readonly resourceNames?: readonly string[];
}

export interface MatchCriteria {
  readonly rules: readonly MatchRule[];
  readonly excludeRules?: readonly MatchRule[];
  /** No rules at all match everything (policies), instead of nothing (webhooks). */
  readonly emptyMatchesAll?: boolean;
  /** 'Exact' or 'Equivalent'. */
  readonly matchPolicy?: string;
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
}

/** How the one who matched wants to see the request. */
export interface Match {
  readonly resource: GroupVersionResource;
  readonly kind: GroupVersionKind;
  /** The served version that matched. */
  readonly served: ServedResource;
  /** The served version that the request names. */
  readonly own: ServedResource;
}

export interface Matcher {
  /** undefined: not about this request. Rejects with a StatusError when that cannot be told. */
  matches(request: AdmissionRequest): Promise<Match | undefined>;
}

export interface MatchingPorts {
  readonly reader: ObjectReader;
  /** Namespaces that the cache does not have yet. */
  readonly writer: Pick<ObjectWriter, 'lookup'>;
  readonly resources: Pick<ResourceTable, 'find' | 'served' | 'revision'>;
}

const exemptKinds = new Set([
  'validatingwebhookconfigurations', 'mutatingwebhookconfigurations', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings', 'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]);

/** What configures admission is never judged by what it configures: nobody could repair a mistake. */
export function isExempt(resource: ResourceInfo): boolean {
  return resource.group === 'admissionregistration.k8s.io' && exemptKinds.has(resource.plural);
}

/** The resource a request names. */
export function resourceOf(request: AdmissionRequest): GroupVersionResource {
  const { group, version, plural } = request.resource;
  return { group, version, resource: plural };
}

/** The kind that travels with a request: the resource's own, or a subresource's (Scale, Eviction, PodExecOptions). */
export function kindOf(resource: ResourceInfo, subresource: string): GroupVersionKind {
  const { group, version, kind } = resource;
  const type = subresource === '' ? undefined : resource.subresources.find((sub) => sub.name === subresource)?.type;
  return type === undefined || type === '' || type === resource.type ? { group, version, kind } : gvkOfType(type);
}

function includes(items: readonly string[] | undefined, wanted: string): boolean {
  return items?.some((item) => item === '*' || item === wanted) ?? false;
}

function isNamespaceResource({ group, version, resource }: GroupVersionResource): boolean {
  return group === '' && version === 'v1' && resource === 'namespaces';
}

function scopeMatches(rule: MatchRule, request: AdmissionRequest, resource: GroupVersionResource): boolean {
  if (rule.scope === undefined || rule.scope === '*') return true;
  const isCluster = isNamespaceResource(resource) || request.namespace === '';
  return rule.scope === 'Cluster' ? isCluster : rule.scope === 'Namespaced' && !isCluster;
}

function resourceMatches(rule: MatchRule, resource: string, subresource: string): boolean {
  return (
    rule.resources?.some((pattern) => {
      const at = pattern.indexOf('/');
      const own = at < 0 ? pattern : pattern.slice(0, at);
      const sub = at < 0 ? '' : pattern.slice(at + 1);
      return (own === '*' || own === resource) && (sub === '*' || sub === subresource);
    }) ?? false
  );
}

/** One rule against a request seen as `resource`. */
function ruleMatches(rule: MatchRule, request: AdmissionRequest, resource: GroupVersionResource): boolean {
  return (
    scopeMatches(rule, request, resource) && includes(rule.operations, request.operation) && includes(rule.apiGroups, resource.group) && includes(rule.apiVersions, resource.version) &&
    resourceMatches(rule, resource.resource, request.subresource) && ((rule.resourceNames ?? []).length === 0 || (rule.resourceNames?.includes(request.name) ?? false))
  );
}

interface KnownVersions {
  readonly revision: number;
  readonly byResource: Map<ResourceInfo, readonly ServedResource[]>;
}

/** Worked out once per resource while the table stays as it is: every hook of every request asks. */
const knownVersions = new WeakMap<object, KnownVersions>();

/** Every served version of what the resource is, its own not among them. */
function otherVersions(resources: MatchingPorts['resources'], resource: ResourceInfo): readonly ServedResource[] {
  let known = knownVersions.get(resources);
  if (known === undefined || known.revision !== resources.revision) {
    known = { revision: resources.revision, byResource: new Map() };
    knownVersions.set(resources, known);
  }
  const found = known.byResource.get(resource) ?? findOtherVersions(resources, resource);
  known.byResource.set(resource, found);
  return found;
}

function findOtherVersions(resources: MatchingPorts['resources'], resource: ResourceInfo): ServedResource[] {
  const own = resources.find(resource.group, resource.version, resource.plural);
  return resources.served.filter((other) => {
    if (other.info === resource || other === own) return false;
    return (other.info.group === resource.group && other.info.plural === resource.plural) || (own?.stored !== undefined && other.stored === own.stored);
  });
}

function asMatch(own: ServedResource, served: ServedResource, subresource: string): Match {
  const { group, version, plural } = served.info;
  return { resource: { group, version, resource: plural }, kind: kindOf(served.info, subresource), served, own };
}

/** The request as the first rule that matches sees it. */
function matchRules(ports: MatchingPorts, rules: readonly MatchRule[], matchPolicy: string | undefined, request: AdmissionRequest): Match | undefined {
  const { resource, subresource } = request;
  const own = ports.resources.find(resource.group, resource.version, resource.plural);
  if (own === undefined) return undefined;
  const asked = resourceOf(request);
  if (rules.some((rule) => ruleMatches(rule, request, asked))) return asMatch(own, own, subresource);
  if (matchPolicy !== 'Equivalent') return undefined;
  // A rule that can match no version of anything served under these groups need not be tried.
  const others = otherVersions(ports.resources, resource);
  for (const rule of rules) {
    for (const other of others) {
      const { group, version, plural } = other.info;
      if (ruleMatches(rule, request, { group, version, resource: plural })) return asMatch(own, other, subresource);
    }
  }
  return undefined;
}

/** undefined: selects everything. */
function parseSelector(selector: LabelSelector | undefined): LabelMatcher | undefined {
  if (selector === undefined || (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0)) return undefined;
  return selectorFromObject(selector);
}

/** The selector, or the error with which every request that it would decide is refused. */
function selectorSource(selector: LabelSelector | undefined): () => LabelMatcher | undefined {
  let parsed: { readonly matcher: LabelMatcher | undefined } | { readonly error: unknown } | undefined;
  return () => {
    if (parsed === undefined) {
      try {
        parsed = { matcher: parseSelector(selector) };
      } catch (error) {
        parsed = { error };
      }
    }
    if ('error' in parsed) throw internalError(parsed.error);
    return parsed.matcher;
  };
}

function labelsOf(object: KubeObject | undefined): Readonly<Record<string, string>> {
  return object?.metadata?.labels ?? {};
}

/** The namespace of a request; for a namespace that is being made or changed, that object itself. Rejects with 404. */
export async function namespaceOf(ports: MatchingPorts, request: AdmissionRequest): Promise<KubeObject | undefined> {
  const { resource, operation, subresource } = request;
  const isNamespace = resource.plural === 'namespaces';
  if (isNamespace && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE')) return request.object;
  if (request.namespace === '') return undefined;
  const known = ports.reader.get('', 'namespaces', '', request.namespace);
  if (known !== undefined) return known;
  const found = await ports.writer.lookup('', 'namespaces', '', request.namespace).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw internalError(error);
  });
  if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, request.namespace);
  return found;
}

/** Made once per configuration object. */
export function createMatcher(ports: MatchingPorts, criteria: MatchCriteria): Matcher {
  const namespaceSelector = selectorSource(criteria.namespaceSelector);
  const objectSelector = selectorSource(criteria.objectSelector);
  const byRules = (request: AdmissionRequest): Match | undefined => {
    if ((criteria.excludeRules ?? []).length > 0 && matchRules(ports, criteria.excludeRules ?? [], criteria.matchPolicy, request) !== undefined) return undefined;
    if (criteria.rules.length > 0 || criteria.emptyMatchesAll !== true) return matchRules(ports, criteria.rules, criteria.matchPolicy, request);
    const own = ports.resources.find(request.resource.group, request.resource.version, request.resource.plural);
    return own === undefined ? undefined : asMatch(own, own, request.subresource);
  };
  return {
    async matches(request) {
      const match = byRules(request);
      if (match === undefined) return undefined;
      const objects = objectSelector();
      if (objects !== undefined && !(request.object !== undefined && objects.matches(labelsOf(request.object))) && !(request.oldObject !== undefined && objects.matches(labelsOf(request.oldObject)))) {
        return undefined;
      }
      const isClusterScoped = request.namespace === '' && request.resource.plural !== 'namespaces';
      const namespaces = isClusterScoped ? undefined : namespaceSelector();
      if (namespaces === undefined) return match;
      return namespaces.matches(labelsOf(await namespaceOf(ports, request))) ? match : undefined;
    },
  };
}

/** "group/version, Kind=kind", as Go prints a GroupVersionKind. */
export function kindText({ group, version, kind }: GroupVersionKind): string {
  return `${group === '' ? '' : group}/${version}, Kind=${kind}`;
}

/** The kind that an object says it is. */
export function kindOfObject(object: KubeObject): GroupVersionKind {
  const { group, version } = parseApiVersion(object.apiVersion ?? '');
  return { group, version, kind: object.kind ?? '' };
}
