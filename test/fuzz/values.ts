// Values after a schema: mostly right, sometimes what people, broken programs and attackers send instead.
import { randomInt, type Random } from '../../src/base/random.ts';
import { schemaOf, type Grammar, type Schema } from './grammar.ts';

const strings = [
  '', 'a', 'default', 'kube-system', 'nginx:1', 'app', 'app.kubernetes.io/name', '0', '-1', '10', '100m', '1Gi', '1e3', '12E', '9223372036854775808', 'true', 'null', '2026-01-02T03:04:05Z',
  '2026-01-02T03:04:05.000001Z', '10.96.0.10', '10.0.0.0/8', '::1', 'fd00::/64', '/tmp', '../../etc', 'a'.repeat(64), 'a'.repeat(254), 'x'.repeat(5000), 'Ünïcödé', '\u0000', '\ud800', '<script>', '${jndi}',
  '__proto__', 'constructor', '%s%n', "'; drop", 'spec.nodeName', 'metadata.name', '*', '{}', '[]', 'self.x > 0', 'object.spec', '(a+)+$', '0777', 'ReadWriteOnce', 'Always', 'TCP', 'ClusterIP', 'v1', 'Pod',
];
const numbers = [0, 1, -1, 2, 10, 80, 443, 8080, 65535, 65536, 1e6, 2147483647, 2147483648, -2147483649, 2 ** 53 + 2, 1.5, 1e300, -0];

const pick = <T>(random: Random, from: readonly T[]): T => from[randomInt(random, from.length)] as T;

export function anyValue(random: Random, depth = 0): unknown {
  const choice = randomInt(random, depth > 3 ? 5 : 7);
  if (choice === 0) return null;
  if (choice === 1) return randomInt(random, 2) === 0;
  if (choice === 2) return pick(random, numbers);
  if (choice < 5) return pick(random, strings);
  if (choice === 5) return Array.from({ length: randomInt(random, 4) }, () => anyValue(random, depth + 1));
  return Object.fromEntries(Array.from({ length: randomInt(random, 4) }, () => [pick(random, strings), anyValue(random, depth + 1)]));
}

/** @param wrong One in so many values is not what the schema says; 0: never. */
export function valueOf(grammar: Grammar, given: Schema, random: Random, wrong: number, depth = 0): unknown {
  if (wrong > 0 && randomInt(random, wrong) === 0) return anyValue(random);
  const schema = schemaOf(grammar, given);
  if (schema.enum !== undefined) return pick(random, schema.enum);
  if (schema.properties !== undefined) return objectOf(grammar, schema, random, wrong, depth);
  switch (schema.type) {
    case 'string': return stringOf(schema.format, random);
    case 'integer': return randomInt(random, 3) === 0 ? pick(random, numbers) : randomInt(random, 100);
    case 'number': return pick(random, numbers);
    case 'boolean': return randomInt(random, 2) === 0;
    case 'array': return Array.from({ length: depth > 8 ? 0 : randomInt(random, 3) }, () => valueOf(grammar, schema.items ?? {}, random, wrong, depth + 1));
    case 'object': {
      const values = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
      return Object.fromEntries(Array.from({ length: depth > 8 ? 0 : randomInt(random, 3) }, () => [pick(random, strings), valueOf(grammar, values, random, wrong, depth + 1)]));
    }
    default: return anyValue(random, 2);
  }
}

function stringOf(format: string | undefined, random: Random): string {
  if (randomInt(random, 4) === 0) return pick(random, strings);
  if (format === 'date-time') return '2026-01-02T03:04:05Z';
  if (format === 'byte') return Buffer.from(pick(random, strings)).toString('base64');
  if (format === 'int-or-string') return pick(random, ['80', 'http', '25%']);
  return `n${randomInt(random, 40)}`;
}

/** Required properties, and fewer of the others the deeper it goes. */
function objectOf(grammar: Grammar, schema: Schema, random: Random, wrong: number, depth: number): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const properties = Object.entries(schema.properties ?? {});
  const share = Math.max(1, Math.min(properties.length, 2 + depth * 2));
  for (const [name, property] of properties) {
    if (depth > 9) break;
    if (schema.required?.includes(name) === true ? wrong > 0 && randomInt(random, 30) === 0 : randomInt(random, share) !== 0) continue;
    object[name] = valueOf(grammar, property, random, wrong, depth + 1);
  }
  if (wrong > 0 && randomInt(random, 40) === 0) object[pick(random, strings)] = anyValue(random);
  return object;
}

export function randomText(random: Random): string {
  return pick(random, strings);
}

/** Flips, cuts, repeats: bytes that were once well formed. */
export function damaged(bytes: Buffer, random: Random): Buffer {
  if (bytes.length === 0) return bytes;
  const at = randomInt(random, bytes.length);
  const choice = randomInt(random, 4);
  if (choice === 0) return bytes.subarray(0, at);
  if (choice === 1) return Buffer.concat([bytes.subarray(0, at), Buffer.from([randomInt(random, 256)]), bytes.subarray(at + 1)]);
  if (choice === 2) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.floor(at / 2), at), bytes.subarray(at)]);
  return Buffer.concat([bytes, bytes]);
}
