// The order of API versions that clients prefer: v10 > v2 > v1 > v2beta1 > v1beta2 > v1alpha1 > anything else, which goes
// by name, the other way round.

const pattern = /^v(\d+)(?:(alpha|beta)(\d+))?$/;
const stages: Readonly<Record<string, number>> = { alpha: 0, beta: 1 };

/** Positive when `a` is preferred to `b`. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const left = pattern.exec(a);
  const right = pattern.exec(b);
  if (left === null || right === null) {
    if (left !== null) return 1;
    if (right !== null) return -1;
    return a < b ? 1 : -1;
  }
  const rank = (match: RegExpExecArray): number[] => [stages[match[2] ?? ''] ?? 2, Number(match[1]), Number(match[3] ?? 0)];
  const [l, r] = [rank(left), rank(right)];
  for (let i = 0; i < l.length; i++) if (l[i] !== r[i]) return (l[i] ?? 0) - (r[i] ?? 0);
  return 0;
}
