// Headers as an exchange shows them, of which some were sent more than once.
import type { SentHeaders } from './header-values.ts';

export function sentHeaders(headers: Readonly<Record<string, string | readonly string[]>>): SentHeaders {
  const each = Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? [value] : value] as const);
  return { headers: Object.fromEntries(each.map(([name, values]) => [name, values.join(', ')])), rawHeaders: each.flatMap(([name, values]) => values.flatMap((value) => [name, value])) };
}
