// Reading configuration files (apiserver.config.k8s.io, audit.k8s.io): YAML or JSON decoded strictly, as upstream's
// component configs are. A shape says which fields an object has; an unknown field, a field given twice or a value of
// the wrong type is an error in Go's words. What comes back is a plain tree with absent fields absent.
import { parseYamlStrictly } from '#machinery';

export type Shape =
  | 'string' | 'bool' | 'int32' | 'duration' | 'any'
  | { readonly list: Shape }
  | { readonly map: Shape }
  | ObjectShape;

export interface ObjectShape {
  /** The Go type that upstream's error texts name: "v1.KMSConfiguration". */
  readonly type: string;
  readonly fields: Readonly<Record<string, Shape>>;
}

/** What a file may hold, by "<apiVersion>/<kind>". */
export type Kinds = Readonly<Record<string, ObjectShape>>;

/**
 * Decodes one document. Throws an Error with upstream's text.
 * @param lenient Told instead what a strict reader would refuse; unknown fields are then left out.
 */
export function decodeConfiguration(bytes: Uint8Array | string, kinds: Kinds, lenient?: (problems: string) => void): Record<string, unknown> {
  const { value, duplicates } = parseYamlStrictly(bytes);
  if (!isTree(value)) throw new Error("Object 'Kind' is missing in 'null'");
  const kind = text(value.kind);
  const apiVersion = text(value.apiVersion);
  if (kind === '') throw new Error(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  if (apiVersion === '') throw new Error(`Object 'apiVersion' is missing in '${JSON.stringify(value)}'`);
  const shape = kinds[`${apiVersion}/${kind}`];
  if (shape === undefined) {
    const known = Object.keys(kinds).some((name) => name.startsWith(`${apiVersion}/`));
    throw new Error(known ? `no kind "${kind}" is registered for version "${apiVersion}"` : `no kind "${kind}" is registered for version "${apiVersion}" in scheme`);
  }
  const problems: string[] = duplicates === undefined ? [] : [duplicates];
  const out = readObject(value, { type: shape.type, fields: { kind: 'string', apiVersion: 'string', ...shape.fields } }, { path: '', goPath: '', root: shape.type, problems });
  const told = `strict decoding error: ${problems.join(', ')}`;
  if (problems.length > 0 && lenient === undefined) throw new Error(told);
  if (problems.length > 0) lenient?.(told);
  return out;
}

interface Place {
  /** "resources[0].providers[1]" */
  readonly path: string;
  /** "resources.providers", as encoding/json names it. */
  readonly goPath: string;
  readonly root: string;
  readonly problems: string[];
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function goType(shape: Shape): string {
  if (typeof shape === 'string') return shape === 'duration' ? 'string' : shape;
  if ('list' in shape) return `[]${goType(shape.list)}`;
  if ('map' in shape) return `map[string]${goType(shape.map)}`;
  return shape.type;
}

function mismatch(value: unknown, shape: Shape, place: Place): Error {
  const json = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return new Error(`json: cannot unmarshal ${json} into Go struct field ${place.root.replace(/^.*\./, '')}.${place.goPath} of type ${goType(shape)}`);
}

function readObject(value: Record<string, unknown>, shape: ObjectShape, place: Place): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [name, given] of Object.entries(value)) {
    const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    const path = place.path === '' ? name : `${place.path}.${name}`;
    if (field === undefined) {
      place.problems.push(`unknown field "${path}"`);
      continue;
    }
    if (given === null || given === undefined) continue;
    out[name] = read(given, field, { ...place, path, goPath: place.goPath === '' ? name : `${place.goPath}.${name}` });
  }
  return out;
}

function read(value: unknown, shape: Shape, place: Place): unknown {
  if (typeof shape === 'string') return readScalar(value, shape, place);
  if ('list' in shape) {
    if (!Array.isArray(value)) throw mismatch(value, shape, place);
    return value.map((item, at) => readItem(item, shape.list, { ...place, path: `${place.path}[${at}]` }));
  }
  if (!isTree(value)) throw mismatch(value, shape, place);
  if ('map' in shape) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, readItem(item, shape.map, { ...place, path: `${place.path}.${name}` })]));
  return readObject(value, shape, place);
}

/** A null in a list is the zero value of its type. */
function readItem(value: unknown, shape: Shape, place: Place): unknown {
  if (value !== null) return read(value, shape, place);
  if (typeof shape === 'string') return shape === 'string' ? '' : shape === 'bool' ? false : 0;
  return 'list' in shape ? [] : {};
}

function readScalar(value: unknown, shape: Exclude<Shape, object>, place: Place): unknown {
  if (shape === 'any') return value;
  if (shape === 'bool' && typeof value === 'boolean') return value;
  if (shape === 'string' && typeof value === 'string') return value;
  if (shape === 'int32' && typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2 ** 31) return value;
  if (shape === 'duration' && typeof value === 'string') {
    const parsed = parseGoDuration(value);
    if (parsed === undefined) throw new Error(`time: invalid duration ${JSON.stringify(value)}`);
    return parsed;
  }
  throw mismatch(value, shape, place);
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 0.001, 'µs': 0.001, 'μs': 0.001, ns: 1e-6 };

/** "1m30s" in milliseconds, as Go's time.ParseDuration reads it; undefined for what is none. */
export function parseGoDuration(input: string): number | undefined {
  const match = /^([-+]?)((?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+$/.exec(input);
  if (match === null) return /^[-+]?0$/.test(input) ? 0 : undefined;
  let total = 0;
  for (const [, amount, unit] of input.matchAll(/(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|μs|ns)/g)) total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  return match[1] === '-' ? -total : total;
}

/** Milliseconds as Go prints a duration: "1m30s", "3s", "-1s". */
export function formatGoDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const total = Math.abs(ms);
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
