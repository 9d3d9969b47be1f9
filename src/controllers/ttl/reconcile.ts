// How long nodes may believe their cached Secrets and ConfigMaps, by the size of the cluster: bands overlap, so that a
// cluster at a border does not go to and fro. Pure. Upstream: pkg/controller/ttl.
import type { Node } from '#api/core/v1.ts';

export const annotation = 'node.alpha.kubernetes.io/ttl';

const bands = [
  { from: 0, to: 100, seconds: 0 },
  { from: 90, to: 500, seconds: 15 },
  { from: 450, to: 1000, seconds: 30 },
  { from: 900, to: 2000, seconds: 60 },
  { from: 1800, to: Number.POSITIVE_INFINITY, seconds: 300 },
] as const;

/** The band for this many nodes, coming from `before`. */
export function bandFor(count: number, before: number): number {
  let at = before;
  while (at < bands.length - 1 && count > (bands[at]?.to ?? 0)) at++;
  while (at > 0 && count < (bands[at]?.from ?? 0)) at--;
  return at;
}

/** What the node's annotation must become; undefined when it is that already. */
export function annotationFor(node: Node, band: number): string | undefined {
  const seconds = bands[band]?.seconds ?? 0;
  const text = node.metadata?.annotations?.[annotation];
  return text !== undefined && /^[+-]?\d+$/.test(text) && Number(text) === seconds ? undefined : String(seconds);
}
