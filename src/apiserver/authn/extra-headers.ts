// Extra values of an identity as headers carry them (X-Remote-Extra-<key>, Impersonate-Extra-<key>): the key is
// percent-encoded in the header's name, several values come as one list.
import type { Headers } from '#wire';

function unescape(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** @param prefixes Lower case. */
export function extraHeaders(headers: Headers, prefixes: readonly string[]): Record<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const prefix of prefixes) {
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined || !name.startsWith(prefix)) continue;
      const key = unescape(name.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), ...value.split(', ')]);
    }
  }
  return Object.fromEntries(extra);
}
