// The object in an answer's bytes, whatever encoding and compression they have, as JSON: what a RequestResponse event
// shows.
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { atOnce, decodeProtobuf, decodingAnyCbor, isProtobuf, parseJson, parseYaml } from '#machinery';
import type { Headers } from '#wire';

const unzip = promisify(gunzip);
const largestUnzippedBytes = 16 << 20;

/** undefined for what is no object: logs, metrics, plain texts. */
export async function responseObject(headers: Headers, bytes: Uint8Array): Promise<unknown> {
  const type = (headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  if (bytes.length === 0 || !['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/cbor'].includes(type)) return undefined;
  const plain = headers['content-encoding'] === 'gzip' ? await unzip(bytes, { maxOutputLength: largestUnzippedBytes }) : bytes;
  if (type === 'application/cbor') return atOnce(decodingAnyCbor(plain, { maxDepth: 1000, maxValues: Infinity }));
  if (type === 'application/yaml') return parseYaml(plain);
  if (type === 'application/json') return parseJson(plain).value;
  if (!isProtobuf(plain)) return undefined;
  const { kind, apiVersion, object } = decodeProtobuf(plain);
  return { ...object, kind, apiVersion };
}

interface Owned {
  metadata?: { managedFields?: unknown };
  items?: unknown;
  rows?: unknown;
  object?: unknown;
}

/** A copy without managedFields: the object's own, its items', its rows'. */
export function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const out: Owned = { ...value };
  if (out.metadata?.managedFields !== undefined) {
    const { managedFields: _managed, ...metadata } = out.metadata;
    out.metadata = metadata;
  }
  if (Array.isArray(out.items)) out.items = out.items.map(withoutManagedFields);
  if (Array.isArray(out.rows)) out.rows = out.rows.map((row: Owned) => ({ ...row, object: withoutManagedFields(row.object) }));
  return out;
}
