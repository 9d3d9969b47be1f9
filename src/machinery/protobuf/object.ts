// Objects in Kubernetes' protobuf envelope: the magic "k8s\0", then runtime.Unknown with the object's
// apiVersion and kind and the object itself as its raw bytes. Watch events and raw messages have no envelope.
import { typeOfGvk, parseApiVersion } from '../group-of-type.ts';
import type { KubeObject } from '../object.ts';
import { atOnce, type Sliced } from '../slices.ts';
import { planOf } from '../type-plan.ts';
import { readingMessage, slicedBytes } from '../sliced-read.ts';
import { ReadContext, readMessage } from '../wire-read.ts';
import { readFields, readingFields } from './decode.ts';
import { writeMessage } from './encode.ts';
import { ProtobufError, WireReader, type WireBudget } from './reader.ts';
import { ReverseWriter } from './writer.ts';

const magic = Uint8Array.from([0x6b, 0x38, 0x73, 0x00]);

/** True for bytes that start with the envelope's magic. */
export function isProtobuf(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** A message without envelope. */
export function encodeMessage(type: string, value: unknown): Uint8Array {
  const writer = new ReverseWriter();
  writeMessage(writer, type, value);
  return writer.finish();
}

/** Puts an encoded message into the envelope. */
export function wrapProtobuf(apiVersion: string, kind: string, message: Uint8Array): Uint8Array {
  const writer = new ReverseWriter(message.length + 64);
  writer.text('');
  writer.tag(4, 2);
  writer.text('');
  writer.tag(3, 2);
  writer.bytes(message);
  writer.varint(message.length);
  writer.tag(2, 2);
  const mark = writer.written;
  writer.text(kind);
  writer.tag(2, 2);
  writer.text(apiVersion);
  writer.tag(1, 2);
  writer.close(1, mark);
  return writer.finish(magic);
}

/** The object in its envelope, as `application/vnd.kubernetes.protobuf` carries it. */
export function encodeProtobuf(type: string, object: KubeObject): Uint8Array {
  return wrapProtobuf(object.apiVersion ?? '', object.kind ?? '', encodeMessage(type, object));
}

/** A watch event whose object is encoded already (with its envelope); the event itself has none. */
export function encodeWatchEvent(type: string, object: Uint8Array): Uint8Array {
  const writer = new ReverseWriter(object.length + 32);
  writer.bytes(object);
  writer.varint(object.length);
  writer.tag(1, 2);
  writer.close(2, 0);
  writer.text(type);
  writer.tag(1, 2);
  return writer.finish();
}

/** The parts of a watch event: its type and the object's bytes, with their envelope. */
export function decodeWatchEvent(bytes: Uint8Array): { type: string; object: Uint8Array } {
  const reader = new WireReader(bytes);
  let type = '';
  let object: Uint8Array = new Uint8Array();
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 10) type = reader.text();
    else if (tag === 18) {
      for (const inner = reader.message(); !inner.done; ) {
        const innerTag = inner.varint();
        if (innerTag === 10) object = inner.bytes();
        else inner.skip(innerTag & 7);
      }
    } else reader.skip(tag & 7);
  }
  return { type, object };
}

/** A message without envelope, in canonical form. Throws ProtobufError. */
export function decodeMessage(type: string, bytes: Uint8Array, budget?: WireBudget): KubeObject {
  return readMessage(planOf(type), readFields(new WireReader(bytes, 0, bytes.length, budget), type, {}), new ReadContext(false));
}

export interface DecodedProtobuf {
  readonly apiVersion: string;
  readonly kind: string;
  readonly object: KubeObject;
}

/** As decodeProtobuf, in slices. */
export function* decodingProtobuf(bytes: Uint8Array, fallbackType?: string, budget?: WireBudget): Sliced<DecodedProtobuf> {
  const { apiVersion, kind, type, raw } = envelopeOf(bytes, fallbackType);
  const reader = new WireReader(raw, 0, raw.length, budget);
  const read = raw.length > slicedBytes ? yield* readingFields(reader, type, {}) : readFields(reader, type, {});
  yield;
  const context = new ReadContext(false);
  const object: KubeObject = bytes.length > slicedBytes ? yield* readingMessage(planOf(type), read, context) : readMessage(planOf(type), read, context);
  if (kind !== '') object.kind = kind;
  if (apiVersion !== '') object.apiVersion = apiVersion;
  return { apiVersion, kind, object };
}

/**
 * Decodes an object in its envelope, in canonical form. `fallbackType` serves envelopes without apiVersion and
 * kind. Throws ProtobufError for broken bytes and for kinds that are not built in.
 */
export function decodeProtobuf(bytes: Uint8Array, fallbackType?: string, budget?: WireBudget): DecodedProtobuf {
  return atOnce(decodingProtobuf(bytes, fallbackType, budget));
}

function envelopeOf(bytes: Uint8Array, fallbackType: string | undefined): { readonly apiVersion: string; readonly kind: string; readonly type: string; readonly raw: Uint8Array } {
  if (!isProtobuf(bytes)) {
    throw new ProtobufError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  const reader = new WireReader(bytes, magic.length);
  let apiVersion = '';
  let kind = '';
  let raw: Uint8Array = new Uint8Array();
  while (!reader.done) {
    const tag = reader.varint();
    if (tag === 10) {
      for (const inner = reader.message(); !inner.done; ) {
        const innerTag = inner.varint();
        if (innerTag === 10) apiVersion = inner.text();
        else if (innerTag === 18) kind = inner.text();
        else inner.skip(innerTag & 7);
      }
    } else if (tag === 18) raw = reader.bytes();
    else reader.skip(tag & 7);
  }
  const { group, version } = parseApiVersion(apiVersion);
  const type = typeOfGvk(group, version, kind) ?? (kind === '' ? fallbackType : undefined);
  if (type === undefined) throw new ProtobufError(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { apiVersion, kind, type, raw };
}
