// What is counted of OpenID tokens, under upstream's names: how long one took that no memory knew, and what was last
// heard of each issuer's keys. An issuer that is not configured any more is not told of either.
import type { World } from '#base/world.ts';
import { hashOf } from '../../configuration/watched-file.ts';

export interface IssuerMetrics {
  answered(result: 'success' | 'failure', ms: number): void;
  /** @param keys undefined: they could not be had. */
  fetched(keys: string | undefined): void;
}

export interface JwtMetrics {
  of(issuer: string): IssuerMetrics;
  forget(issuer: string): void;
}

const latencyBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createJwtMetrics({ metrics, clock }: Pick<World, 'metrics' | 'clock'>, serverId = ''): JwtMetrics {
  const prefix = 'apiserver_authentication_jwt_authenticator';
  const server = hashOf(serverId);
  const latency = metrics.histogram(
    `${prefix}_latency_seconds`, 'Latency of jwt authentication operations in seconds. This is the time spent authenticating a token for cache miss only (i.e. when the token is not found in the cache).',
    ['result', 'jwt_issuer_hash'], latencyBuckets,
  );
  const fetchedAt = metrics.gauge(
    `${prefix}_jwks_fetch_last_timestamp_seconds`, 'Timestamp of the last successful or failed JWKS fetch split by result, api server identity and jwt issuer for the JWT authenticator.', ['result', 'jwt_issuer_hash', 'apiserver_id_hash'],
  );
  const sets = metrics.gauge(
    `${prefix}_jwks_fetch_last_key_set_info`, 'Information about the last JWKS fetched by the JWT authenticator with hash as label, split by api server identity and jwt issuer.', ['jwt_issuer_hash', 'apiserver_id_hash', 'hash'],
  );
  const hashes = new Map<string, string>();
  const forgetSet = (issuer: string): void => {
    const hash = hashes.get(issuer);
    if (hash !== undefined) sets.remove(issuer, server, hash);
    hashes.delete(issuer);
  };
  return {
    of(name) {
      const issuer = hashOf(name);
      return {
        answered: (result, ms) => latency.observe({ result, jwt_issuer_hash: issuer }, ms / 1000),
        fetched(keys) {
          fetchedAt.set({ result: keys === undefined ? 'failure' : 'success', jwt_issuer_hash: issuer, apiserver_id_hash: server }, clock.now() / 1000);
          if (keys === undefined) return;
          forgetSet(issuer);
          hashes.set(issuer, hashOf(keys));
          sets.set({ jwt_issuer_hash: issuer, apiserver_id_hash: server, hash: hashOf(keys) }, 1);
        },
      };
    },
    forget(name) {
      const issuer = hashOf(name);
      forgetSet(issuer);
      for (const result of ['success', 'failure']) fetchedAt.remove(result, issuer, server);
    },
  };
}
