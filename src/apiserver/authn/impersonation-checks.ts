// What must be permitted for each part of an impersonated identity: user name (users, serviceaccounts or nodes), UID,
// groups and extra values. Constrained modes know nodes and fixed groups, and refuse what the old one lets through.
import { goQuote } from '#machinery';
import { refusal } from '../authz/refusal.ts';
import type { Attributes, Identity } from '../contract.ts';
import { domainPrefixedPathProblem } from './domain-prefixed-path.ts';

/** An identity as the headers ask for it. */
export interface Wanted {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

interface Circumstances {
  readonly caller: Identity;
  /** The mode's verb, '' in the old mode. */
  readonly constraint: string;
  /** The permission is asked for all nodes instead of the one. */
  readonly anyNode: boolean;
  check(attributes: Attributes): Promise<void>;
}

const authentication = 'authentication.k8s.io';
/** From so many on, a permission for all ("*") is asked first. */
const many = 4;
const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const namePattern = new RegExp(`^${label}$`);
const subdomainPattern = new RegExp(`^${label}(\\.${label})*$`);

/** Namespace and name, of system:serviceaccount:<namespace>:<name>. */
export function serviceAccountOf(user: string): readonly [string, string] | undefined {
  const parts = user.startsWith('system:serviceaccount:') ? user.slice('system:serviceaccount:'.length).split(':') : [];
  const [namespace = '', name = ''] = parts;
  if (parts.length !== 2 || namespace.length > 63 || !namePattern.test(namespace)) return undefined;
  return name.length <= 253 && subdomainPattern.test(name) ? [namespace, name] : undefined;
}

export function nodeNameOf(user: string): string | undefined {
  const name = user.startsWith('system:node:') ? user.slice('system:node:'.length) : '';
  return name.length <= 253 && subdomainPattern.test(name) ? name : undefined;
}

export function isPlainName(wanted: Wanted): boolean {
  return wanted.uid === '' && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0;
}

function question(circumstances: Circumstances, group: string, resource: string, name: string): Attributes {
  return {
    user: circumstances.caller, isResourceRequest: true, verb: circumstances.constraint === '' ? 'impersonate' : circumstances.constraint, path: '', apiGroup: group, apiVersion: 'v1', namespace: '',
    resource, subresource: '', name,
  };
}

/** The identity after all checks, with the groups that everybody has. Throws 403. */
export async function authorizeParts(wanted: Wanted, circumstances: Circumstances): Promise<Identity> {
  const constrained = circumstances.constraint !== '';
  const group = constrained ? authentication : '';
  let groups = [...wanted.groups];
  const account = serviceAccountOf(wanted.name);
  const node = constrained ? nodeNameOf(wanted.name) : undefined;
  let asked = question(circumstances, group, 'users', wanted.name);
  if (node !== undefined) {
    asked = { ...asked, resource: 'nodes', name: circumstances.anyNode ? '*' : node };
    groups = ['system:nodes'];
  }
  if (account !== undefined) {
    asked = { ...asked, resource: 'serviceaccounts', namespace: account[0], name: account[1] };
    if (groups.length === 0) groups = ['system:serviceaccounts', `system:serviceaccounts:${account[0]}`];
  }
  await circumstances.check(asked);
  if (wanted.uid !== '') await circumstances.check(question(circumstances, authentication, 'uids', wanted.uid));
  await checkGroups(wanted.groups, question(circumstances, group, 'groups', ''), circumstances);
  await checkExtra(wanted.extra, question(circumstances, authentication, 'userextras', ''), circumstances);
  if (wanted.name === 'system:anonymous') groups = withGroup(groups, 'system:unauthenticated');
  else if (!groups.includes('system:unauthenticated')) groups = withGroup(groups, 'system:authenticated');
  return { name: wanted.name, groups, ...(wanted.uid === '' ? {} : { uid: wanted.uid }), ...(Object.keys(wanted.extra).length === 0 ? {} : { extra: wanted.extra }) };
}

function withGroup(groups: string[], group: string): string[] {
  return groups.includes(group) ? groups : [...groups, group];
}

async function permitted(check: Promise<void>): Promise<boolean> {
  return check.then(() => true, () => false);
}

async function checkGroups(groups: readonly string[], asked: Attributes, { constraint, check }: Circumstances): Promise<void> {
  if (constraint !== '') {
    if (groups.includes('')) throw refusal(asked, 'impersonating the empty string group is not allowed');
    if (groups.includes('system:masters')) throw refusal({ ...asked, name: 'system:masters' }, 'impersonating the system:masters group is not allowed');
    if (groups.length >= many && (await permitted(check({ ...asked, name: '*' })))) return;
  }
  for (const name of groups) await check({ ...asked, name });
}

function extraProblem(extra: Wanted['extra']): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    if (key === '') return 'impersonating the empty string key in extra is not allowed';
    const problem = domainPrefixedPathProblem('extra.key', key);
    if (problem !== undefined) return `impersonating an invalid key in extra is not allowed: ${problem}`;
    if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${goQuote(key)}`;
    if (values.length === 0) return 'impersonating empty values in extra is not allowed';
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}

async function checkExtra(extra: Wanted['extra'], asked: Attributes, { constraint, check }: Circumstances): Promise<void> {
  const entries = Object.entries(extra);
  if (entries.length === 0) return;
  if (constraint !== '') {
    const problem = extraProblem(extra);
    if (problem !== undefined) throw refusal(asked, problem);
    const isLarge = entries.length >= many || entries.reduce((sum, [, values]) => sum + values.length, 0) >= many;
    if (isLarge && (await permitted(check({ ...asked, subresource: '*', name: '*' })))) return;
  }
  for (const [subresource, values] of entries) {
    for (const name of values) await check({ ...asked, subresource, name });
  }
}
