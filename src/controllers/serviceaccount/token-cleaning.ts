// Which tokens out of Secrets nobody uses any more: made on their own, old, unused for a year and mounted by no pod. They
// are marked as invalid first and deleted a year later. Pure. Upstream: legacy-serviceaccount-token-cleaner-controller
// (KEP-2799).
import type { Pod, Secret, ServiceAccount } from '#api/core/v1.ts';
import { parseTime } from '#base/clock.ts';
import { accountOf, tokenSecretType } from './token-secrets.ts';

export const trackingMap = 'kube-apiserver-legacy-service-account-token-tracking';
export const invalidSinceLabel = 'kubernetes.io/legacy-token-invalid-since';
const lastUsedLabel = 'kubernetes.io/legacy-token-last-used';
const uidAnnotation = 'kubernetes.io/service-account.uid';
const dayMs = 86_400_000;

export const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));
}

/** Have uses been noted for long enough? Throws an Error when the tracking map does not say since when. */
export function trackedLongEnough(since: string | undefined, periodMs: number, nowMs: number): boolean {
  if (since === undefined) throw new Error('configMap does not have since label');
  if (!isDay(since)) throw new Error(`error parsing trackedSince time: ${since}`);
  return nowMs >= Date.parse(`${since}T00:00:00Z`) + dayMs + periodMs;
}

const referring: ReadonlySet<string> = new Set(['secret', 'secretRef', 'secretKeyRef', 'nodePublishSecretRef']);

/** Names of Secrets that the pod refers to in any way. */
export function secretNames(pod: Pod): ReadonlySet<string> {
  const found = new Set<string>((pod.spec?.imagePullSecrets ?? []).map(({ name }) => name ?? ''));
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'secretName' && typeof inner === 'string') found.add(inner);
      else if (referring.has(key) && typeof inner === 'object' && inner !== null && 'name' in inner) found.add(String(inner.name));
      walk(inner);
    }
  };
  walk(pod.spec);
  return found;
}

/** @param account the one that the Secret names, if it is there. @param isMounted does a pod of the namespace refer to it? */
export function cleaningOf(secret: Secret, account: ServiceAccount | undefined, isMounted: () => boolean, periodMs: number, nowMs: number): 'keep' | 'mark' | 'delete' {
  const { metadata } = secret;
  const usedSince = day(nowMs - periodMs);
  if (secret.type !== tokenSecretType || metadata?.deletionTimestamp !== undefined || parseTime(metadata?.creationTimestamp) >= nowMs - periodMs) return 'keep';
  const lastUsed = metadata?.labels?.[lastUsedLabel];
  if (lastUsed !== undefined && (!isDay(lastUsed) || lastUsed >= usedSince)) return 'keep';
  const uid = metadata?.annotations?.[uidAnnotation] ?? '';
  const isListed = account?.secrets?.some(({ name }) => name === metadata?.name) === true;
  if (account === undefined || account.metadata?.name !== accountOf(secret) || (uid !== '' && uid !== account.metadata?.uid) || !isListed || isMounted()) return 'keep';
  const since = metadata?.labels?.[invalidSinceLabel] ?? '';
  if (!isDay(since)) return 'mark';
  return since >= usedSince ? 'keep' : 'delete';
}
