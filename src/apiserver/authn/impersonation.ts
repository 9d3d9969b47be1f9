// Impersonate-* headers: the caller asks to be treated as somebody else (`kubectl --as=… --as-group=…`). The
// constrained modes come first (KEP-5284): a permission to impersonate in that mode, and one to do this very request
// that way (`impersonate-on:<mode>:<verb>`); then the permission `impersonate` on each part of the identity, as ever.
import type { World } from '#base/world.ts';
import { badRequest, goQuote, isForbidden, toStatusError } from '#machinery';
import type { Headers } from '#wire';
import { refusal } from '../authz/refusal.ts';
import type { Attributes, Authorizer, Identity, Impersonated } from '../contract.ts';
import { extraHeaders } from './extra-headers.ts';
import { authorizeParts, isPlainName, nodeNameOf, serviceAccountOf, type Wanted } from './impersonation-checks.ts';

interface Mode {
  readonly name: 'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info' | 'legacy';
  /** Does the mode speak about this wish at all? */
  applies(wanted: Wanted, caller: Identity): boolean;
}

const nodeNameKey = 'authentication.kubernetes.io/node-name';

const modes: readonly Mode[] = [
  {
    name: 'associated-node',
    applies(wanted, caller) {
      const node = nodeNameOf(wanted.name);
      const own = caller.extra?.[nodeNameKey];
      return isPlainName(wanted) && node !== undefined && serviceAccountOf(caller.name) !== undefined && own?.length === 1 && own[0] === node;
    },
  },
  { name: 'arbitrary-node', applies: (wanted) => isPlainName(wanted) && nodeNameOf(wanted.name) !== undefined },
  { name: 'serviceaccount', applies: (wanted) => isPlainName(wanted) && serviceAccountOf(wanted.name) !== undefined },
  { name: 'user-info', applies: (wanted) => nodeNameOf(wanted.name) === undefined && serviceAccountOf(wanted.name) === undefined },
  { name: 'legacy', applies: () => true },
];

const rememberedCallers = 10_000;
const buckets = Array.from({ length: 15 }, (_, at) => 0.001 * 2 ** at);

function values(header: string | undefined): string[] {
  return header === undefined || header === '' ? [] : header.split(', ');
}

/** What the headers ask for, as they say it; undefined when they ask for nothing. Throws 400. */
function wantedIdentity(headers: Headers): Wanted | undefined {
  const extra = extraHeaders(headers, ['impersonate-extra-']);
  const wanted: Wanted = { name: headers['impersonate-user'] ?? '', uid: headers['impersonate-uid'] ?? '', groups: values(headers['impersonate-group']), extra };
  if (wanted.name !== '') return wanted;
  if (wanted.uid === '' && wanted.groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  throw badRequest(`requested ${describe(wanted)} without impersonating a user name`);
}

/** As Go prints the structure. */
function describe({ uid, groups, extra }: Wanted): string {
  const list = (items: readonly string[]): string => `[]string{${items.map(goQuote).join(', ')}}`;
  const pairs = Object.entries(extra).map(([key, items]) => `${goQuote(key)}:${list(items)}`);
  const groupText = groups.length === 0 ? '[]string(nil)' : list(groups);
  const extraText = pairs.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${pairs.join(', ')}}`;
  return `&user.DefaultInfo{Name:"", UID:${goQuote(uid)}, Groups:${groupText}, Extra:${extraText}}`;
}

/** Throws what the authorizer's refusal is to the caller. */
async function mustBeAllowed(authorizer: Authorizer, attributes: Attributes): Promise<void> {
  const verdict = await authorizer.authorize(attributes);
  if (verdict.decision === 'allow') return;
  const texts = [verdict.error ?? '', verdict.reason].filter((text) => text !== '');
  throw refusal(attributes, texts.join(': '));
}

export type Impersonate = (headers: Headers, attributes: Attributes) => Promise<Impersonated | undefined>;

/** @param authorizer decides about the impersonation; the request itself is decided later, about the new identity. */
export function createImpersonation(world: Pick<World, 'clock' | 'metrics'>, authorizer: Authorizer): Impersonate {
  const lastMode = new Map<string, Mode>();
  const attempts = world.metrics.counter('apiserver_impersonation_attempts_total', 'Total number of impersonation attempts split by mode and decision.', ['mode', 'decision']);
  const duration = world.metrics.histogram('apiserver_impersonation_attempts_duration_seconds', 'Latency of impersonation attempts in seconds split by mode and decision.', ['mode', 'decision'], buckets);

  const tryMode = async (mode: Mode, wanted: Wanted, attributes: Attributes): Promise<Impersonated> => {
    const constraint = mode.name === 'legacy' ? '' : `impersonate:${mode.name}`;
    // The caller's own node is a matter of the mode's condition; who may do it says nothing about which node.
    const caller: Identity = mode.name === 'associated-node' ? { ...attributes.user, extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(attributes.user.extra ?? {}).sort() } } : attributes.user;
    if (constraint !== '') await mustBeAllowed(authorizer, { ...attributes, user: caller, verb: `impersonate-on:${mode.name}:${attributes.verb}` });
    const user = await authorizeParts(wanted, { caller, constraint, anyNode: mode.name === 'associated-node', check: (asked) => mustBeAllowed(authorizer, asked) });
    return { user, ...(constraint === '' ? {} : { constraint }) };
  };

  const inSomeMode = async (wanted: Wanted, attributes: Attributes): Promise<{ mode: Mode; found: Impersonated }> => {
    const caller = attributes.user;
    const last = lastMode.get(caller.name);
    const order = last === undefined ? modes : [last, ...modes.filter((mode) => mode !== last)];
    let first: unknown;
    for (const mode of order) {
      if (!mode.applies(wanted, caller)) continue;
      try {
        const found = await tryMode(mode, wanted, attributes);
        lastMode.delete(caller.name);
        if (lastMode.size >= rememberedCallers) lastMode.delete(lastMode.keys().next().value ?? '');
        lastMode.set(caller.name, mode);
        return { mode, found };
      } catch (error) {
        if (!isForbidden(error)) throw error;
        first ??= error;
      }
    }
    throw toStatusError(first);
  };

  return async (headers, attributes) => {
    const wanted = wantedIdentity(headers);
    if (wanted === undefined) return undefined;
    const began = world.clock.monotonic();
    const count = (mode: string, decision: string): void => {
      attempts.inc({ mode, decision });
      duration.observe({ mode, decision }, (world.clock.monotonic() - began) / 1000);
    };
    try {
      const { mode, found } = await inSomeMode(wanted, attributes);
      count(mode.name, 'allowed');
      return found;
    } catch (error) {
      count('', 'denied');
      throw error;
    }
  };
}
