// Durations as people write them, in Go's form: "1h30m", "5m", "500ms". A plain number is milliseconds.

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export type Duration = number | string;

/** Milliseconds of `duration`; throws for a text that is no duration. */
export function durationMs(duration: Duration): number {
  if (typeof duration === 'number') return duration;
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (parts.length === 0 || parts.map(([text]) => text).join('') !== duration) throw new Error(`not a duration: ${JSON.stringify(duration)} (write 90s, 1h30m, 500ms or a number of milliseconds)`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0);
}
