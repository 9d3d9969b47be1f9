// Attribute-based access control (--authorization-mode=ABAC): a file with one policy a line, read once at start. Lines of
// the first format, which had no version, still count, with its wider meanings. Upstream: abac.authorization.kubernetes.io.
import { isObject } from '#machinery';
import type { Attributes, Identity, Verdict } from '../contract.ts';
import type { KnownRules, RuleSource } from './rules.ts';

interface Policy {
  readonly user: string;
  readonly group: string;
  readonly readonly: boolean;
  readonly apiGroup: string;
  readonly resource: string;
  readonly namespace: string;
  readonly nonResourcePath: string;
}

const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
const textFields = ['user', 'group', 'apiGroup', 'resource', 'namespace', 'nonResourcePath'] as const;

function specOf(fields: Readonly<Record<string, unknown>>): Policy {
  const texts = Object.fromEntries(
    textFields.map((name) => {
      const value = fields[name] ?? '';
      if (typeof value !== 'string') throw new Error(`json: cannot unmarshal ${typeof value} into Go struct field PolicySpec.spec.${name} of type string`);
      return [name, value];
    }),
  ) as Omit<Policy, 'readonly'>;
  const readonly = fields.readonly ?? false;
  if (typeof readonly !== 'boolean') throw new Error(`json: cannot unmarshal ${typeof readonly} into Go struct field PolicySpec.spec.readonly of type bool`);
  return { ...texts, readonly };
}

/** What a line without a version means: nothing given is everything. */
function widened(policy: Policy): Policy {
  const everybody = (policy.user === '' && policy.group === '') || policy.user === '*' || policy.group === '*';
  return {
    ...policy,
    ...(everybody ? { user: policy.user === '*' ? '' : policy.user, group: 'system:authenticated' } : {}),
    namespace: policy.namespace === '' ? '*' : policy.namespace,
    resource: policy.resource === '' ? '*' : policy.resource,
    apiGroup: '*',
    nonResourcePath: policy.namespace === '' && policy.resource === '' ? '*' : '',
  };
}

function parseLine(line: string): Policy {
  const value: unknown = JSON.parse(line);
  if (!isObject(value)) throw new Error('json: cannot unmarshal into Go value of type v0.Policy');
  if (value.apiVersion === undefined && value.kind === undefined) return widened(specOf(value));
  if (value.apiVersion !== 'abac.authorization.kubernetes.io/v1beta1' || value.kind !== 'Policy') throw new Error(`no kind ${JSON.stringify(value.kind ?? '')} is registered for version ${JSON.stringify(value.apiVersion ?? '')}`);
  const spec = isObject(value.spec) ? specOf(value.spec) : specOf({});
  // Named as everybody, but meaning who is known.
  if (spec.user === '*' || spec.group === '*') return { ...spec, user: spec.user === '*' ? '' : spec.user, group: 'system:authenticated' };
  return spec;
}

/** Throws an Error that names the file and the line. */
export function readPolicies(path: string, text: string): readonly Policy[] {
  return text.split('\n').flatMap((line, at): Policy[] => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    try {
      return [parseLine(trimmed)];
    } catch (error) {
      throw new Error(`error reading policy file ${path}, line ${at + 1}: ${line}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  });
}

function isSubject(policy: Policy, user: Identity): boolean {
  if (policy.user === '' && policy.group === '') return false;
  if (policy.user !== '' && policy.user !== '*' && policy.user !== user.name) return false;
  return policy.group === '' || policy.group === '*' || user.groups.includes(policy.group);
}

function hasPath({ nonResourcePath }: Policy, path: string): boolean {
  if (nonResourcePath === '*' || nonResourcePath === path) return true;
  return nonResourcePath.endsWith('*') && path.startsWith(nonResourcePath.replace(/\*+$/, ''));
}

function matches(policy: Policy, request: Attributes): boolean {
  if (!isSubject(policy, request.user) || (policy.readonly && !readVerbs.has(request.verb))) return false;
  if (!request.isResourceRequest) return hasPath(policy, request.path);
  const has = (wanted: string, value: string): boolean => wanted === '*' || wanted === value;
  return has(policy.namespace, request.namespace) && has(policy.resource, request.resource) && has(policy.apiGroup, request.apiGroup);
}

const allow: Verdict = { decision: 'allow', reason: '' };

export function createAbacAuthorizer(policies: readonly Policy[]): RuleSource {
  return {
    name: 'ABAC',
    authorize: (request) => (policies.some((policy) => matches(policy, request)) ? allow : { decision: 'none', reason: 'No policy matched.' }),
    knownRules(user, namespace): KnownRules {
      const own = policies.filter((policy) => isSubject(policy, user) && (policy.namespace === '*' || policy.namespace === namespace));
      const verbs = (policy: Policy): string[] => (policy.readonly ? [...readVerbs] : ['*']);
      return {
        resourceRules: own.filter((policy) => policy.resource !== '').map((policy) => ({ verbs: verbs(policy), apiGroups: [policy.apiGroup], resources: [policy.resource] })),
        nonResourceRules: own.filter((policy) => policy.nonResourcePath !== '').map((policy) => ({ verbs: verbs(policy), nonResourceURLs: [policy.nonResourcePath] })),
        incomplete: false,
      };
    },
  };
}
