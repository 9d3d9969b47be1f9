// Impersonate-* headers: the caller asks to be treated as somebody else (`kubectl --as=… --as-group=…`). The
// constrained modes come first (KEP-5284): a permission to impersonate in that mode, and one to do this very request
// that way (`impersonate-on:<mode>:<verb>`); then the permission `impersonate` on each part of the identity, as ever.
import type { Clock } from '#base/clock.ts';
import type { Metrics } from '#base/metrics.ts';
import type { World } from '#base/world.ts';
import { badRequest, goQuote, isForbidden, toStatusError } from '#machinery';
import { refusal } from '../authz/refusal.ts';
import type { Attributes, Authorizer, Identity, Impersonated } from '../contract.ts';
import { extraHeaders } from './extra-headers.ts';
import { headerValue, headerValues, type SentHeaders } from './header-values.ts';
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

/** What the headers ask for, as they say it; undefined when they ask for nothing. Throws 400. */
function wantedIdentity(sent: SentHeaders): Wanted | undefined {
  const extra = extraHeaders(sent, ['impersonate-extra-']);
  const wanted: Wanted = { name: headerValue(sent, 'impersonate-user'), uid: headerValue(sent, 'impersonate-uid'), groups: headerValues(sent, 'impersonate-group'), extra };
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

type Observe = (decision: 'allowed' | 'denied', ms: number) => void;

/** Throws what the authorizer's refusal is to the caller. */
async function mustBeAllowed(authorizer: Authorizer, attributes: Attributes, clock: Clock, observe: Observe): Promise<void> {
  const began = clock.monotonic();
  const verdict = await authorizer.authorize(attributes);
  observe(verdict.decision === 'allow' ? 'allowed' : 'denied', clock.monotonic() - began);
  if (verdict.decision === 'allow') return;
  const texts = [verdict.error ?? '', verdict.reason].filter((text) => text !== '');
  throw refusal(attributes, texts.join(': '));
}

export type Impersonate = (sent: SentHeaders, attributes: Attributes) => Promise<Impersonated | undefined>;

interface ImpersonationMetrics {
  attempt(mode: string, decision: 'allowed' | 'denied', ms: number): void;
  authorization(mode: string): Observe;
}

function impersonationMetrics(metrics: Metrics): ImpersonationMetrics {
  const counted = (name: string, total: string, latency: string): ImpersonationMetrics['attempt'] => {
    const count = metrics.counter(`apiserver_impersonation_${name}_total`, total, ['mode', 'decision']);
    const duration = metrics.histogram(`apiserver_impersonation_${name}_duration_seconds`, latency, ['mode', 'decision'], buckets);
    return (mode, decision, ms) => {
      count.inc({ mode, decision });
      duration.observe({ mode, decision }, ms / 1000);
    };
  };
  const authorization = counted(
    'authorization_attempts', 'Total number of authorization checks made by the impersonation handler split by mode and decision.',
    'Latency of authorization checks made by the impersonation handler in seconds split by mode and decision.',
  );
  return {
    attempt: counted('attempts', 'Total number of impersonation attempts split by mode and decision.', 'Latency of impersonation attempts in seconds split by mode and decision.'),
    authorization: (mode) => (decision, ms) => authorization(mode, decision, ms),
  };
}

/** The server before KEP-5284 counts nothing. */
const uncounted: ImpersonationMetrics = { attempt: () => {}, authorization: () => () => {} };

/**
 * @param authorizer decides about the impersonation; the request itself is decided later, about the new identity.
 * @param constrained feature ConstrainedImpersonation; without it there is the old mode alone.
 */
export function createImpersonation({ clock, metrics }: Pick<World, 'clock' | 'metrics'>, authorizer: Authorizer, constrained = true): Impersonate {
  const lastMode = new Map<string, Mode>();
  const usable = constrained ? modes : modes.filter((mode) => mode.name === 'legacy');
  const counts = constrained ? impersonationMetrics(metrics) : uncounted;

  const tryMode = async (mode: Mode, wanted: Wanted, attributes: Attributes): Promise<Impersonated> => {
    const constraint = mode.name === 'legacy' ? '' : `impersonate:${mode.name}`;
    // The caller's own node is a matter of the mode's condition; who may do it says nothing about which node.
    const caller: Identity = mode.name === 'associated-node' ? { ...attributes.user, extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(attributes.user.extra ?? {}).sort() } } : attributes.user;
    const check = (asked: Attributes): Promise<void> => mustBeAllowed(authorizer, asked, clock, counts.authorization(mode.name));
    if (constraint !== '') await check({ ...attributes, user: caller, verb: `impersonate-on:${mode.name}:${attributes.verb}` });
    const user = await authorizeParts(wanted, { caller, constraint, anyNode: mode.name === 'associated-node', check });
    return { user, ...(constraint === '' ? {} : { constraint }) };
  };

  const inSomeMode = async (wanted: Wanted, attributes: Attributes): Promise<{ mode: Mode; found: Impersonated }> => {
    const caller = attributes.user;
    const last = lastMode.get(caller.name);
    const order = last === undefined ? usable : [last, ...usable.filter((mode) => mode !== last)];
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
    const began = clock.monotonic();
    try {
      const { mode, found } = await inSomeMode(wanted, attributes);
      counts.attempt(mode.name, 'allowed', clock.monotonic() - began);
      return found;
    } catch (error) {
      counts.attempt('', 'denied', clock.monotonic() - began);
      throw error;
    }
  };
}
