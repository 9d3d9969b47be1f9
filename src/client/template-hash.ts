// The short hash that names a ReplicaSet after its pod template ("web-7d4b9c6f5d"): FNV-1a over the template in
// a stable order, written in the alphabet of generated names. Upstream hashes Go's printed form; any stable hash
// serves, as templates are compared by value and the hash only names.
import type { PodTemplateSpec } from '#api/core/v1.ts';

const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** JSON with sorted keys and without undefined members. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => stableJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${stableJson(member)}`).join(',')}}`;
}

/** 32-bit FNV-1a over the UTF-8 bytes. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** A number's digits in the alphabet of names (upstream: SafeEncodeString). */
export function nameHash(hash: number): string {
  return [...String(hash)].map((digit) => alphabet.charAt(digit.charCodeAt(0) % alphabet.length)).join('');
}

/** The hash of a template; `collisionCount` gives another one after two templates met on one name. */
export function podTemplateHash(template: PodTemplateSpec, collisionCount?: number): string {
  return nameHash(fnv1a(stableJson(template) + (collisionCount === undefined ? '' : String(collisionCount))));
}
