// Durations as Go prints them, for error texts.

/** Milliseconds as Go prints a duration: "1m30s", "3s", "-1s", "12.5µs". */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const total = Math.abs(ms);
  if (total < 0.001) return `${sign}${trimZeros(total * 1e6)}ns`;
  if (total < 1) return `${sign}${trimZeros(total * 1000)}µs`;
  if (total < 1000) return `${sign}${trimZeros(total)}ms`;
  const hours = Math.floor(total / 3_600_000);
  const minutes = Math.floor((total % 3_600_000) / 60_000);
  const seconds = trimZeros((total % 60_000) / 1000);
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}

function trimZeros(value: number): string {
  return String(Number(value.toFixed(9)));
}
