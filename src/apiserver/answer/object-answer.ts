// One object as an answer. The common case, JSON in the stored version, is the cached bytes themselves; every
// other form is made from the parsed object.
import { stringifyJson, stringifyYamlAside, encodeCbor, encodeProtobuf, toTable, type KubeObject } from '#machinery';
import type { ServedResource } from '../registry/resources.ts';
import { answer, type Call } from '../request/call.ts';
import { contentTypes, type MediaType } from '../request/media-type.ts';
import { acceptsGzip, compress, compressFromBytes } from './compression.ts';
import { indentJson } from './indent.ts';

/** An object in its stored version: bytes, parsed when asked for. */
export interface ObjectView {
  readonly bytes: Buffer;
  object(): KubeObject;
}

/** What representations need to know besides the object. */
export interface Presentation {
  readonly served: ServedResource;
  readonly media: MediaType;
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  readonly nowMs: number;
}

/** Answers with a stored object. */
export function answerObject(call: Call, status: number, presentation: Presentation, view: ObjectView): Promise<void> | void {
  const { served, media } = presentation;
  if (media.encoding === 'json' && media.form === 'object' && served.isStorageVersion && !media.pretty) return answerBytes(call, status, contentTypes.json, view.bytes);
  return answerVersioned(call, status, presentation, served.fromStored(view.object()));
}

/** Answers with an object that is in the version of the request. */
export function answerVersioned(call: Call, status: number, presentation: Presentation, object: KubeObject): Promise<void> | void {
  const { media } = presentation;
  const bytes = encodeAs(presentation, object);
  const send = (made: Uint8Array): Promise<void> | void => answerBytes(call, status, contentTypes[media.encoding], made);
  return bytes instanceof Promise ? bytes.then(send) : send(bytes);
}

/** The bytes of an object in an encoding and form. */
function encodeAs(presentation: Presentation, object: KubeObject): Promise<Uint8Array> | Uint8Array {
  const { media, served } = presentation;
  if (media.form === 'table') return encodeValue(media, 'meta.v1.Table', tableOf(presentation, [object], { resourceVersion: object.metadata?.resourceVersion ?? '' }));
  if (media.form !== 'object') return encodeValue(media, 'meta.v1.PartialObjectMetadata', partial(media, object));
  return encodeValue(media, served.info.type, object);
}

/** @param type Needed for protobuf and CBOR alone. */
export function encodeValue(media: MediaType, type: string | undefined, object: KubeObject): Promise<Uint8Array> | Uint8Array {
  if (media.encoding === 'protobuf') return encodeProtobuf(type ?? '', object);
  if (media.encoding === 'cbor') return encodeCbor(type, object);
  if (media.encoding === 'yaml') {
    const made = stringifyYamlAside(object);
    return typeof made === 'string' ? Buffer.from(made) : made.then((yaml) => Buffer.from(yaml));
  }
  const text = stringifyJson(object);
  return Buffer.from(media.pretty ? indentJson(text) : text);
}

/** Only its metadata. */
export function partial(media: MediaType, object: KubeObject): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: formApiVersion(media), metadata: object.metadata ?? {} };
}

export function formApiVersion(media: MediaType): string {
  return `meta.k8s.io/${media.formVersion ?? 'v1'}`;
}

export function tableOf(presentation: Presentation, objects: readonly KubeObject[], listMeta: Record<string, unknown>): KubeObject {
  const { served, includeObject, nowMs, media } = presentation;
  const table = toTable({ info: served.info, objects: [...objects], includeObject, listMeta, nowMs, ...(served.handling.columns === undefined ? {} : { customColumns: served.handling.columns }) }) as unknown as KubeObject;
  const rows = table['rows'];
  const isOld = media.formVersion === 'v1beta1' && includeObject === 'Metadata' && Array.isArray(rows);
  return { ...table, apiVersion: formApiVersion(media), ...(isOld ? { rows: rows.map((row: { object: object }) => ({ ...row, object: { ...row.object, apiVersion: formApiVersion(media) } })) } : {}) };
}

/** Answers with bytes at once, compressed if that pays. */
async function compressed(call: Call, status: number, contentType: string, bytes: Uint8Array): Promise<void> {
  answer(call, status, { 'content-type': contentType, 'content-encoding': 'gzip', vary: 'Accept-Encoding' }, await compress(bytes));
}

export function answerBytes(call: Call, status: number, contentType: string, bytes: Uint8Array): Promise<void> | void {
  if (bytes.length >= compressFromBytes && acceptsGzip(call.exchange.headers['accept-encoding'])) return compressed(call, status, contentType, bytes);
  answer(call, status, { 'content-type': contentType }, bytes);
}
