// An object's bytes: as the store keeps them and as clients get them. Stored JSON starts with kind,
// apiVersion and metadata and has no resourceVersion, because the revision is known only after the commit;
// it is spliced in right behind `"metadata":{` on the way to the cache, without parsing. Bytes that another
// program wrote (upstream on the same etcd, or in a snapshot that was restored) may be ordered otherwise, or be
// protobuf, or another version: those are read once and encoded anew.
import {
  decodeProtobuf, isProtobuf, isTwin, managersText, noteKeysOf, oncePerTwin, parseJson, parsePlain, sharedInOrder, stringifying, stringifyJson, writingManagers, type Sliced,
} from '#machinery';
import type { KubeObject } from '../contract.ts';
import { asReadToday } from '../registry/stored-versions.ts';
import { setsByText, specsByText, parseAroundKnown } from './known-parts.ts';

/** What the bytes of a kind start with. */
export interface KindHead {
  readonly kind: string;
  readonly apiVersion: string;
  /** `{"kind":"Pod","apiVersion":"v1",` : what a list leaves away from its items. */
  readonly typeMeta: Buffer;
  /** `{"kind":"Pod","apiVersion":"v1","metadata":{` */
  readonly start: Buffer;
  readonly startText: string;
}

export function kindHead(kind: string, apiVersion: string): KindHead {
  const text = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
  return { kind, apiVersion, typeMeta: Buffer.from(text), start: Buffer.from(`${text}"metadata":{`), startText: `${text}"metadata":{` };
}

const textOfTwin = oncePerTwin<string>();

/** The bytes to store. */
export function encodeStored(head: KindHead, object: KubeObject): Buffer {
  let text = head.startText;
  const { metadata } = object;
  if (metadata !== undefined) text += metadataMembers(metadata);
  text += '}';
  for (const name in object) {
    if (name === 'kind' || name === 'apiVersion' || name === 'metadata') continue;
    const part = object[name];
    const value = isTwin(part) ? textOfTwin(part, () => textOfNewTwin(name, part)) : stringifyJson(part);
    if (value !== undefined) text += `,${stringifyJson(name)}:${value}`;
  }
  // However it came: from YAML, from a patch, from a webhook.
  if (text.includes('\\\\')) noteKeysOf(object);
  return Buffer.from(`${text}}`);
}

/** As encodeStored, with pauses. */
export function* encodingStored(head: KindHead, object: KubeObject): Sliced<Buffer> {
  let text = head.startText;
  const { metadata } = object;
  if (metadata !== undefined) {
    const { managedFields, resourceVersion: _revision, ...rest } = metadata;
    text += (yield* stringifying(rest)).slice(1, -1);
    if (Array.isArray(managedFields)) text += `${text === head.startText ? '' : ','}"managedFields":${yield* writingManagers(managedFields)}`;
  }
  text += '}';
  for (const name of Object.keys(object)) {
    if (name === 'kind' || name === 'apiVersion' || name === 'metadata' || object[name] === undefined) continue;
    yield;
    text += `,${stringifyJson(name)}:${yield* stringifying(object[name])}`;
  }
  yield;
  if (text.includes('\\\\')) noteKeysOf(object);
  yield;
  return Buffer.from(`${text}}`);
}

function textOfNewTwin(name: string, twin: object): string {
  const text = stringifyJson(twin);
  if (name === 'spec' && specsByText.lacks(text)) specsByText.keep(text, twin);
  return text;
}

/** Of all but the resourceVersion. The owners, last and largest, are mostly the same in objects of one make. */
function metadataMembers(metadata: NonNullable<KubeObject['metadata']>): string {
  const { managedFields } = metadata;
  if (!Array.isArray(managedFields)) return stringifyJson({ ...metadata, resourceVersion: undefined }).slice(1, -1);
  const most = stringifyJson({ ...metadata, resourceVersion: undefined, managedFields: undefined }).slice(1, -1);
  return `${most}${most === '' ? '' : ','}"managedFields":${managersText(managedFields, meetSet)}`;
}

function meetSet(text: string, set: object): void {
  if (!setsByText.lacks(text)) return;
  const shared = sharedInOrder(set);
  if (shared !== undefined) setsByText.keep(text, shared);
}

const quote = 0x22;
const closingBrace = 0x7d;

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  if (bytes.length <= start.length) return false;
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start[i]) return false;
  return true;
}

/** Are these bytes as this server writes the kind today? A write that changes nothing brings others into that form. */
export function isOwnForm(head: KindHead, stored: Uint8Array): boolean {
  return startsWith(stored, head.start);
}

/** The bytes that clients get: the stored ones with `revision` as resourceVersion. */
export function serveStored(head: KindHead, stored: Uint8Array, revision: number): Buffer {
  if (!startsWith(stored, head.start)) return reencode(head, stored, revision);
  const at = head.start.length;
  const text = `"resourceVersion":"${revision}"${stored[at] === closingBrace ? '' : ','}`;
  const bytes = Buffer.allocUnsafeSlow(stored.length + text.length);
  bytes.set(head.start, 0);
  bytes.write(text, at, 'latin1');
  bytes.set(stored.subarray(at), at + text.length);
  return bytes;
}

function reencode(head: KindHead, stored: Uint8Array, revision: number): Buffer {
  const object = isProtobuf(stored) ? decodeProtobuf(stored).object : (parseJson(stored).value as KubeObject);
  return serveStored(head, encodeStored(head, asReadToday(head, object)), revision);
}

const revisionMark = '"resourceVersion":"';

/** Served bytes under another revision: the last state of a deleted object carries the revision of its deletion. */
export function withRevision(head: KindHead, served: Buffer, revision: number): Buffer {
  const from = head.start.length + revisionMark.length;
  const to = served.indexOf(quote, from);
  const digits = String(revision);
  const bytes = Buffer.allocUnsafeSlow(served.length - (to - from) + digits.length);
  served.copy(bytes, 0, 0, from);
  bytes.write(digits, from, 'latin1');
  served.copy(bytes, from + digits.length, to);
  return bytes;
}

/** Numbers that a double may not hold need the careful parser. */
const longNumber = /\d{16}/;

/** The object in served bytes. They are the server's own: duplicates and depth need no second look. */
export function parseServed(bytes: Buffer): KubeObject {
  return parseAroundKnown(bytes, parseText) ?? (parseText(bytes.toString('utf8')) as KubeObject);
}

function parseText(text: string): unknown {
  return longNumber.test(text) ? parseJson(text).value : parsePlain(text);
}
