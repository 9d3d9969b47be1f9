// Extra values of an identity as headers carry them (X-Remote-Extra-<key>, Impersonate-Extra-<key>): the key is
// percent-encoded in the header's name, several values come as one header each.
import { headerValues, type SentHeaders } from './header-values.ts';

function unescape(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** @param prefixes Lower case. */
export function extraHeaders(sent: SentHeaders, prefixes: readonly string[]): Record<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const prefix of prefixes) {
    for (const name of Object.keys(sent.headers)) {
      if (!name.startsWith(prefix)) continue;
      const key = unescape(name.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), ...headerValues(sent, name)]);
    }
  }
  return Object.fromEntries(extra);
}
