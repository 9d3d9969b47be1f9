// Whole bodies, and ways to change one: a little, so that the code behind validation is reached, or beyond all measure,
// so that what takes long for large objects is found.
import { randomInt, type Random } from '../../src/base/random.ts';
import { bodies } from './bodies.ts';
import { anyValue } from './values.ts';

type Json = Record<string, unknown>;

/** Definitions of the custom kinds among the bodies. */
export const definitions: readonly Json[] = [
  definition('Shaped', {
    type: 'object',
    properties: {
      spec: {
        type: 'object', 'x-kubernetes-validations': [{ rule: '!has(self.min) || !has(self.max) || self.min <= self.max' }, { rule: '!has(oldSelf.mode) || !has(self.mode) || self.mode == oldSelf.mode || self.mode == "B"' }],
        properties: {
          replicas: { type: 'integer', minimum: 0 }, min: { type: 'integer' }, max: { type: 'integer', default: 9 }, mode: { type: 'string', enum: ['A', 'B'], default: 'A' }, at: { type: 'string', format: 'date-time' },
          ports: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'], items: { type: 'object', required: ['name'], properties: { name: { type: 'string', maxLength: 20 }, port: { type: 'integer', default: 80 }, protocol: { type: 'string', default: 'TCP' } } } },
          tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } }, values: { type: 'object', additionalProperties: { type: 'string' } }, size: { 'x-kubernetes-int-or-string': true },
          inner: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
      status: { type: 'object', properties: { replicas: { type: 'integer' }, phase: { type: 'string' } } },
    },
  }, { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } }),
  definition('Free', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }),
];

function definition(kind: string, openAPIV3Schema: Json, subresources?: Json): Json {
  const plural = `${kind.toLowerCase()}s`;
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, additionalPrinterColumns: [{ name: 'Mode', type: 'string', jsonPath: '.spec.mode' }], ...(subresources === undefined ? {} : { subresources }) };
  return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${plural}.fuzz.example.com` }, spec: { group: 'fuzz.example.com', scope: 'Namespaced', names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` }, versions: [{ ...version }] } };
}

/** A whole object, its metadata apart; undefined for kinds without an example. */
export function validBody({ group, version, kind }: { readonly group: string; readonly version: string; readonly kind: string }): Json | undefined {
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const body = bodies[`${apiVersion}/${kind}`];
  return body === undefined ? undefined : { apiVersion, kind, ...structuredClone(body) };
}

interface Place {
  readonly holder: Json | unknown[];
  readonly key: string | number;
}

function placesOf(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  const holder = value as Json | unknown[];
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    found.push({ holder, key });
    placesOf((holder as Json)[key], found);
  }
  return found;
}

/** Changes one place of a body, in place: another value, none, a neighbour's, or the same twice. */
export function mutate(object: Json, random: Random): void {
  const places = placesOf(object);
  const place = places[randomInt(random, places.length)];
  if (place === undefined) return;
  const holder = place.holder as Json;
  const choice = randomInt(random, 5);
  if (choice === 0) delete holder[place.key];
  else if (choice === 1 && Array.isArray(place.holder)) place.holder.push(structuredClone(place.holder[Number(place.key)]));
  else if (choice === 2) {
    const other = places[randomInt(random, places.length)];
    if (other !== undefined) holder[place.key] = structuredClone((other.holder as Json)[other.key]);
  } else holder[place.key] = typeof holder[place.key] === 'number' ? randomInt(random, 70_000) : anyValue(random, 2);
}

/** A server takes at most so many values in a body, and so many bytes. */
const mostValues = 60_000;
const mostBytes = 2_900_000;

/** What tells items of a list apart, where they have it. */
const keys = ['name', 'key', 'ip', 'containerPort', 'mountPath', 'devicePath', 'port', 'path', 'type', 'host', 'topologyKey', 'uid'];

function numbered(value: unknown, i: number): unknown {
  if (typeof value === 'number') return value + i;
  if (typeof value !== 'string') return value;
  // Addresses stay such.
  return value.replace(/^\d+\.\d+\.\d+\.\d+/, `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`).replace(/^(?!10\.\d+\.)(.*)$/s, `$1${i}`);
}

/** The n-th of many items: all alike, each with another key, or each with another value besides its key. */
function variantOf(item: unknown, i: number, way: 'equal' | 'by key' | 'beside the key'): unknown {
  if (way === 'equal') return item;
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return numbered(item, i);
  const fields = Object.keys(item);
  const key = keys.find((name) => fields.includes(name));
  const other = fields.find((name) => name !== key && ['string', 'number'].includes(typeof (item as Json)[name]));
  const field = way === 'by key' ? key : (other ?? key);
  return field === undefined ? item : { ...item, [field]: numbered((item as Json)[field], i) };
}

function valuesIn(value: unknown): number {
  return typeof value !== 'object' || value === null ? 1 : Object.values(value).reduce((sum: number, item) => sum + valuesIn(item), 1);
}

/**
 * Makes a body huge: the items of one of its lists, or the members of one of its maps, as often as the server takes them;
 * or less often those of several, which rules may compare with each other.
 */
export function inflate(object: Json, random: Random): void {
  const holders = placesOf(object).filter(({ holder, key }) => typeof (holder as Json)[key] === 'object' && (holder as Json)[key] !== null);
  const chosen = new Set(Array.from({ length: 1 + randomInt(random, 3) }, () => randomInt(random, holders.length)));
  // What lies inside comes first, as it is repeated with what holds it.
  for (const at of [...chosen].sort((a, b) => b - a)) {
    const place = holders[at];
    if (place === undefined) continue;
    const value = (place.holder as Json)[place.key] as Json | unknown[];
    const item = Object.values(value)[0] ?? 'v';
    const count = Math.floor(Math.min(mostValues / valuesIn(item), mostBytes / (JSON.stringify(item).length + 16)) / (chosen.size + 0.1));
    const way = (['equal', 'by key', 'beside the key'] as const)[randomInt(random, 3)] ?? 'equal';
    (place.holder as Json)[place.key] = Array.isArray(value)
      ? Array.from({ length: count }, (_, i) => variantOf(item, i, way))
      : Object.fromEntries(Array.from({ length: count }, (_, i) => [`${Object.keys(value)[0] ?? 'k'}${i}`, item]));
  }
}
