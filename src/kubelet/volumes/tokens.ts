// Service account tokens for pods, by TokenRequest bound to the pod. Kept until 80 % of their life (a day at
// most), then asked for anew; forgotten with the pod.
import type { TokenRequest } from '#api/authentication/v1.ts';
import type { Pod, ServiceAccount } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { nameOf, namespaceOf, specOf, uidOf } from '../pod.ts';
import type { TokenSource } from './contract.ts';

interface Kept {
  readonly token: string;
  readonly renewAtMs: number;
}

const dayMs = 86_400_000;

export interface PodTokens extends TokenSource {
  forget(podUid: string): void;
  /** When the first token of the pod must be renewed. */
  renewAt(podUid: string): number | undefined;
}

/** Tokens through the API. */
export function createPodTokens(world: World, client: Client): PodTokens {
  const kept = new Map<string, Map<string, Kept>>();
  return {
    async token(pod, audience, expirationSeconds) {
      const uid = uidOf(pod);
      const key = `${audience ?? ''}|${expirationSeconds}`;
      const mine = kept.get(uid) ?? new Map<string, Kept>();
      kept.set(uid, mine);
      const old = mine.get(key);
      if (old !== undefined && world.clock.now() < old.renewAtMs) return old.token;
      const account = specOf(pod).serviceAccountName ?? 'default';
      const request: TokenRequest = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          ...(audience !== undefined && audience !== '' ? { audiences: [audience] } : {}),
          expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: nameOf(pod), uid },
        },
      };
      const answer = await client.resource<ServiceAccount>('serviceaccounts').in(namespaceOf(pod)).createSub<TokenRequest>(account, 'token', request);
      const token = answer.status?.token ?? '';
      const lifeMs = Math.max(0, parseTime(answer.status?.expirationTimestamp) - world.clock.now());
      mine.set(key, { token, renewAtMs: world.clock.now() + Math.min(dayMs, lifeMs * 0.8) });
      return token;
    },
    forget: (podUid) => void kept.delete(podUid),
    renewAt(podUid) {
      const times = [...(kept.get(podUid)?.values() ?? [])].map(({ renewAtMs }) => renewAtMs);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}

/** What `tokens` of a pod without an API are: none. */
export const noTokens: TokenSource = { token: (pod: Pod) => Promise.reject(new Error(`pod ${nameOf(pod)} has no API to get a token from`)) };
