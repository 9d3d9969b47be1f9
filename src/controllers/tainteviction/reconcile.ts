// When a pod must leave a node because of its NoExecute taints: at once when one is not tolerated, after the
// shortest tolerationSeconds of those that are, never when all are tolerated for ever.
import type { Pod, Taint, Toleration } from '#api/core/v1.ts';

export type Verdict = { readonly evict: false } | { readonly evict: true; readonly atMs: number };

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if ((toleration.effect ?? '') !== '' && toleration.effect !== taint.effect) return false;
  if ((toleration.key ?? '') !== '' && toleration.key !== taint.key) return false;
  return toleration.operator === 'Exists' || ((toleration.operator ?? 'Equal') === 'Equal' && (toleration.key ?? '') !== '' && (toleration.value ?? '') === (taint.value ?? ''));
}

/** `sinceMs` is when the pod was first seen under taints. */
export function reconcile(pod: Pod, taints: readonly Taint[], sinceMs: number): Verdict {
  const evicting = taints.filter((taint) => taint.effect === 'NoExecute');
  if (evicting.length === 0) return { evict: false };
  const used: Toleration[] = [];
  for (const taint of evicting) {
    const found = (pod.spec?.tolerations ?? []).find((toleration) => tolerates(toleration, taint));
    if (found === undefined) return { evict: true, atMs: sinceMs };
    used.push(found);
  }
  const limits = used.map((toleration) => toleration.tolerationSeconds).filter((seconds) => seconds !== undefined);
  if (limits.length === 0) return { evict: false };
  return { evict: true, atMs: sinceMs + Math.max(0, Math.min(...limits)) * 1000 };
}
