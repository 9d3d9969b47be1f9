// EventRateLimit: events are made no faster than allowed for the server, a namespace, a user, or a source and its object.
// Each key has a bucket of tokens that fills at `qps`; the least recently used keys are forgotten beyond `cacheSize`.
import type { Clock } from '#base/clock.ts';
import { createTokenBucket, type TokenBucket } from '#base/token-bucket.ts';
import { tooManyRequests } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest } from '../contract.ts';
import { joinedErrors } from '../authn/token-checks.ts';

export interface EventLimit {
  readonly type: 'Server' | 'Namespace' | 'User' | 'SourceAndObject';
  readonly qps: number;
  readonly burst: number;
  /** 4096 when absent. */
  readonly cacheSize?: number;
}

const keysOf: Readonly<Record<EventLimit['type'], (request: AdmissionRequest) => string>> = {
  Server: () => '',
  Namespace: (request) => request.namespace,
  User: (request) => request.user.name,
  SourceAndObject({ object }) {
    const source = (object?.source ?? {}) as { component?: string; host?: string };
    const involved = (object?.involvedObject ?? {}) as { kind?: string; namespace?: string; name?: string; uid?: string; apiVersion?: string };
    return [source.component, source.host, involved.kind, involved.namespace, involved.name, involved.uid, involved.apiVersion].map((part) => part ?? '').join('');
  },
};

export function eventRateLimit(clock: Pick<Clock, 'monotonic'>, limits: readonly EventLimit[]): AdmissionPlugin {
  const enforced = limits.map((limit) => ({ limit, buckets: new Map<string, TokenBucket>() }));
  const take = ({ limit, buckets }: (typeof enforced)[number], key: string): boolean => {
    const bucket = buckets.get(key) ?? createTokenBucket(clock, limit.qps, limit.burst);
    buckets.delete(key);
    if (buckets.size >= (limit.cacheSize ?? 4096)) buckets.delete(buckets.keys().next().value ?? '');
    buckets.set(key, bucket);
    return bucket.take();
  };
  return {
    name: 'EventRateLimit',
    handles: (operation, resource) => (operation === 'CREATE' || operation === 'UPDATE') && resource.kind === 'Event' && resource.group === '',
    validate(request) {
      if (request.dryRun) return;
      const reached = enforced.flatMap((each) => {
        const key = keysOf[each.limit.type](request);
        return take(each, key) ? [] : [`limit reached on type ${each.limit.type} for key ${key}`];
      });
      if (reached.length > 0) throw tooManyRequests(joinedErrors(reached), 0);
    },
  };
}
