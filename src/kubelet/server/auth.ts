// Who asks, and may he: client certificates of the cluster's CA, or bearer tokens through TokenReview; then
// SubjectAccessReview on the node. Answers are kept for a while (tokens 2 min, allowed 5 min, denied 30 s),
// bounded. Nobody is anonymous.
import { createHash } from 'node:crypto';
import type { TokenReview } from '#api/authentication/v1.ts';
import type { SubjectAccessReview } from '#api/authorization/v1.ts';
import type { Clock } from '#base/clock.ts';
import type { Client } from '#client';
import type { Exchange } from '#wire';
import { nodeAttributes } from './attributes.ts';

export interface Caller {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface KubeletAuth {
  /** undefined: nobody we know (401). */
  authenticate(exchange: Exchange): Promise<Caller | undefined>;
  /** The refusal's text; undefined when allowed. */
  refusal(caller: Caller, method: string, path: string): Promise<string | undefined>;
}

const maxEntries = 1_000;

function createTtlCache<T>(clock: Clock): { get(key: string): T | undefined; set(key: string, value: T, ttlMs: number): void } {
  const entries = new Map<string, { value: T; untilMs: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry.untilMs > clock.now()) return entry.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value, ttlMs) {
      if (entries.size >= maxEntries) for (const old of [...entries.keys()].slice(0, maxEntries / 2)) entries.delete(old);
      entries.set(key, { value, untilMs: clock.now() + ttlMs });
    },
  };
}

const tokenTtlMs = 120_000;
const allowTtlMs = 300_000;
const denyTtlMs = 30_000;

export function createKubeletAuth(clock: Clock, client: Client, nodeName: string): KubeletAuth {
  const tokens = createTtlCache<{ caller: Caller | undefined }>(clock);
  const verdicts = createTtlCache<{ allowed: boolean; reason: string }>(clock);

  const byToken = async (token: string): Promise<Caller | undefined> => {
    const key = createHash('sha256').update(token).digest('base64');
    const known = tokens.get(key);
    if (known !== undefined) return known.caller;
    const review = await client.resource<TokenReview>('tokenreviews.authentication.k8s.io').create({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } });
    const user = review.status?.authenticated === true ? review.status.user : undefined;
    const caller = user === undefined ? undefined : { name: user.username ?? '', uid: user.uid ?? '', groups: user.groups ?? [], extra: user.extra ?? {} };
    tokens.set(key, { caller }, caller === undefined ? denyTtlMs : tokenTtlMs);
    return caller;
  };
  const review = async (caller: Caller, verb: string, subresource: string): Promise<{ allowed: boolean; reason: string }> => {
    const key = JSON.stringify([caller.name, caller.uid, caller.groups, caller.extra, verb, subresource]);
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    const answer = await client.resource<SubjectAccessReview>('subjectaccessreviews.authorization.k8s.io').create({
      apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview',
      spec: {
        user: caller.name, groups: [...caller.groups], ...(caller.uid !== '' ? { uid: caller.uid } : {}),
        extra: Object.fromEntries(Object.entries(caller.extra).map(([name, values]) => [name, [...values]])),
        resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: nodeName },
      },
    });
    const verdict = { allowed: answer.status?.allowed === true, reason: answer.status?.reason ?? '' };
    verdicts.set(key, verdict, verdict.allowed ? allowTtlMs : denyTtlMs);
    return verdict;
  };
  return {
    async authenticate(exchange) {
      const { certificate, loopback } = exchange.peer;
      if (loopback !== undefined) return { name: loopback.user, uid: '', groups: [...loopback.groups, 'system:authenticated'], extra: {} };
      if (certificate !== undefined) return { name: certificate.commonName, uid: '', groups: [...certificate.organizations, 'system:authenticated'], extra: {} };
      const bearer = /^bearer (.+)$/i.exec(exchange.headers['authorization'] ?? '')?.[1]?.trim();
      return bearer === undefined || bearer === '' ? undefined : byToken(bearer);
    },
    async refusal(caller, method, path) {
      const { verb, subresources } = nodeAttributes(method, path);
      for (const subresource of subresources) if ((await review(caller, verb, subresource)).allowed) return undefined;
      return `Forbidden (user=${caller.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}])\n`;
    },
  };
}
