// The audit policy (audit.k8s.io/v1 Policy): which requests are recorded, at which level, without which stages. The
// first rule that matches decides; a request that no rule matches is not recorded. Matching and the reading of files,
// strict first and lenient with a warning, are upstream's.
import { readFileSync } from 'node:fs';
import { errorText } from '#base/errors.ts';
import { aggregateText } from '#machinery';
import type { Attributes } from '../contract.ts';
import { decodeConfigurationFile } from '../configuration/decode-file.ts';
import { validatePolicy } from './policy-validation.ts';

export type Level = 'None' | 'Metadata' | 'Request' | 'RequestResponse';
export type Stage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

export interface GroupResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface PolicyRule {
  readonly level?: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly GroupResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export interface Policy {
  readonly rules?: readonly PolicyRule[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

/** What is recorded of one request. */
export interface AuditDecision {
  readonly level: Level;
  readonly omitStages: ReadonlySet<Stage>;
  readonly omitManagedFields: boolean;
}

export interface PolicyEvaluator {
  decide(attributes: Attributes): AuditDecision;
}

const fileType = { type: 'audit.v1.Policy', apiVersion: 'audit.k8s.io/v1', kind: 'Policy' };

/** Throws why the text is no policy. `warn` is told what a strict reader would refuse. */
export function parsePolicy(bytes: Uint8Array | string, warn: (text: string) => void): Policy {
  let policy: Policy;
  try {
    policy = decodeConfigurationFile(Buffer.from(bytes), fileType, (problems) => warn(`Audit policy contains errors, falling back to lenient decoding: ${problems}`));
  } catch (error) {
    throw new Error(`failed decoding: ${errorText(error)}`, { cause: undefined });
  }
  const errors = validatePolicy(policy);
  if (errors.length > 0) throw new Error(aggregateText(errors));
  if ((policy.rules ?? []).length === 0) throw new Error('loaded illegal policy with 0 rules');
  return policy;
}

/** Reads --audit-policy-file. */
export function loadPolicy(path: string, warn: (text: string) => void): Policy {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Error(`loading audit policy file: failed to read file path ${JSON.stringify(path)}: ${errorText(error)}`, { cause: undefined });
  }
  try {
    return parsePolicy(bytes, warn);
  } catch (error) {
    throw new Error(`loading audit policy file: ${errorText(error)}: from file ${path}`, { cause: undefined });
  }
}

/** Decisions of one policy; each rule's is made once. */
export function createEvaluator(policy: Policy): PolicyEvaluator {
  const otherwise: AuditDecision = { level: 'None', omitStages: new Set(policy.omitStages), omitManagedFields: policy.omitManagedFields ?? false };
  const rules = (policy.rules ?? []).map((each) => ({
    matches: ruleMatcher(each),
    decision: {
      level: each.level ?? 'None',
      omitStages: new Set([...(policy.omitStages ?? []), ...(each.omitStages ?? [])]),
      omitManagedFields: each.omitManagedFields ?? policy.omitManagedFields ?? false,
    },
  }));
  return { decide: (attributes) => rules.find(({ matches }) => matches(attributes))?.decision ?? otherwise };
}

type Matcher = (attributes: Attributes) => boolean;

function ruleMatcher(each: PolicyRule): Matcher {
  const users = setOf(each.users);
  const groups = setOf(each.userGroups);
  const verbs = setOf(each.verbs);
  const namespaces = setOf(each.namespaces);
  const resources = each.resources ?? [];
  const paths = each.nonResourceURLs ?? [];
  return (attributes) => {
    if (users !== undefined && !users.has(attributes.user.name)) return false;
    if (groups !== undefined && !attributes.user.groups.some((group) => groups.has(group))) return false;
    if (verbs !== undefined && !verbs.has(attributes.verb)) return false;
    if (namespaces !== undefined || resources.length > 0) {
      if (!attributes.isResourceRequest) return false;
      if (namespaces !== undefined && !namespaces.has(attributes.namespace)) return false;
      return resources.length === 0 || resources.some((one) => resourceMatches(one, attributes));
    }
    if (paths.length > 0) return !attributes.isResourceRequest && paths.some((path) => pathMatches(path, attributes.path));
    return true;
  };
}

function setOf(values: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return values === undefined || values.length === 0 ? undefined : new Set(values);
}

function pathMatches(spec: string, path: string): boolean {
  if (spec === '*' || spec === path) return true;
  return spec.endsWith('*') && path.startsWith(spec.replace(/\*+$/, ''));
}

function resourceMatches(wanted: GroupResources, { apiGroup, resource, subresource, name }: Attributes): boolean {
  const group = wanted.group ?? '';
  if (group !== apiGroup && group !== '*') return false;
  const resources = wanted.resources ?? [];
  if (resources.length === 0) return true;
  const names = wanted.resourceNames ?? [];
  if (names.length > 0 && !names.includes(name)) return false;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  return resources.some(
    (one) => one === combined || one === '*' || (subresource !== '' && one === `*/${subresource}`) || (one.endsWith('/*') && one.slice(0, -2) === resource),
  );
}
