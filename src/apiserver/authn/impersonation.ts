// Impersonate-* headers: the caller asks to be treated as somebody else, and needs the permission `impersonate` on
// each part of that identity. `kubectl --as=… --as-group=…` sends them.
import { badRequest } from '#machinery';
import type { Headers } from '#wire';
import { refusal } from '../authz/reviews.ts';
import type { Attributes, Authorizer, Identity } from '../contract.ts';

interface Question {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

const authentication = 'authentication.k8s.io';

function values(header: string | undefined): string[] {
  return header === undefined || header === '' ? [] : header.split(', ');
}

function extraOf(headers: Headers): Record<string, string[]> {
  const extra: Record<string, string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('impersonate-extra-') && value !== undefined) extra[decodeURIComponent(name.slice('impersonate-extra-'.length))] = values(value);
  }
  return extra;
}

/** The identity to go on with: the caller's own when no header asks for another. Throws 403 or 400. */
export async function impersonate(headers: Headers, caller: Identity, authorizer: Authorizer): Promise<Identity> {
  const user = headers['impersonate-user'] ?? '';
  const groups = values(headers['impersonate-group']);
  const uid = headers['impersonate-uid'] ?? '';
  const extra = extraOf(headers);
  if (user === '') {
    if (groups.length > 0 || uid !== '' || Object.keys(extra).length > 0) throw badRequest(`requested ${JSON.stringify([...groups, uid])} without impersonating a user`);
    return caller;
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
  const questions: Question[] = [
    account === null
      ? { group: '', resource: 'users', subresource: '', namespace: '', name: user }
      : { group: '', resource: 'serviceaccounts', subresource: '', namespace: account[1] ?? '', name: account[2] ?? '' },
    ...groups.map((name) => ({ group: '', resource: 'groups', subresource: '', namespace: '', name })),
    ...(uid === '' ? [] : [{ group: authentication, resource: 'uids', subresource: '', namespace: '', name: uid }]),
    ...Object.entries(extra).flatMap(([key, list]) => list.map((name) => ({ group: authentication, resource: 'userextras', subresource: key, namespace: '', name }))),
  ];
  for (const q of questions) {
    const attributes: Attributes = { user: caller, isResourceRequest: true, verb: 'impersonate', path: '', apiGroup: q.group, apiVersion: 'v1', namespace: q.namespace, resource: q.resource, subresource: q.subresource, name: q.name };
    const verdict = await authorizer.authorize(attributes);
    if (verdict.decision !== 'allow') throw refusal(attributes, verdict.reason);
  }
  const all = account === null || groups.length > 0 ? [...groups] : ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`];
  const anonymous = user === 'system:anonymous';
  const base = anonymous ? 'system:unauthenticated' : 'system:authenticated';
  if (!all.includes(base)) all.push(base);
  return { name: user, groups: all, ...(uid === '' ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) };
}
