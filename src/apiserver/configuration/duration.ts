// Durations of configuration files, in Go's notation ("1h30m", "500ms").

const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds; 0 for an absent one, NaN for what is none. */
export function durationMs(text: string | undefined): number {
  if (text === undefined || text === '' || text === '0') return 0;
  if (!/^-?((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+$/.test(text)) return Number.NaN;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) total += Number(amount) * (units[unit] ?? 0);
  return text.startsWith('-') ? -total : total;
}
