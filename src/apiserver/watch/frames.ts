// Watch events as bytes. A codec stands for one encoding and form of one served resource; two watchers with
// the same codec key get the same frames, so each is made once. Plain JSON wraps the cached bytes.
import { encodeCbor, encodeCborWatchEvent, encodeProtobuf, encodeWatchEvent, normalize, stringifyJson, type KubeObject } from '#machinery';
import type { Status } from '#api/meta/v1.ts';
import { formApiVersion, partial, tableOf, type Presentation } from '../answer/object-answer.ts';
import type { Entry } from '../cache/entry.ts';
import { parseServed } from '../cache/stored-form.ts';

export type WatchType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

export interface FrameCodec {
  /** Codecs with equal keys make equal frames. */
  readonly key: string;
  readonly contentType: string;
  frame(type: WatchType, bytes: Buffer): Buffer;
  /** @param initialEnd Marks the end of the initial events (WatchList). */
  bookmark(revision: number, initialEnd: boolean): Buffer;
  error(status: Status): Buffer;
  /** What makes a watcher's frames after its first; undefined: the same. */
  readonly later: FrameCodec | undefined;
}

const heads: Readonly<Record<WatchType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
  BOOKMARK: Buffer.from('{"type":"BOOKMARK","object":'),
  ERROR: Buffer.from('{"type":"ERROR","object":'),
};
const tail = Buffer.from('}\n');

function jsonFrame(type: WatchType, bytes: Uint8Array): Buffer {
  return Buffer.concat([heads[type], bytes, tail]);
}

/** Length-delimited: four bytes, big-endian, before each message. */
function protobufFrame(type: WatchType, object: Uint8Array): Buffer {
  const event = encodeWatchEvent(type, object);
  const frame = Buffer.allocUnsafe(4 + event.length);
  frame.writeUInt32BE(event.length, 0);
  frame.set(event, 4);
  return frame;
}

function bookmarkObject(presentation: Presentation, revision: number, initialEnd: boolean): KubeObject {
  const { info, head } = presentation.served;
  const metadata = {
    resourceVersion: String(revision),
    ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  };
  const object: KubeObject = { kind: info.kind, apiVersion: head.apiVersion, metadata };
  return info.type === undefined ? object : { kind: object.kind, apiVersion: object.apiVersion, ...normalize(info.type, object) };
}

/** The codec of a watch. Tables carry their column definitions in the first frame of each watcher only. */
export function frameCodec(presentation: Presentation): FrameCodec {
  if (presentation.media.form !== 'table') return codecOf(presentation, undefined, true);
  return codecOf(presentation, codecOf(presentation, undefined, false), true);
}

function codecOf(presentation: Presentation, later: FrameCodec | undefined, withColumns: boolean): FrameCodec {
  const { media, served } = presentation;
  const form = media.form === 'table' ? `${media.form}/${presentation.includeObject}/${formApiVersion(media)}` : media.form === 'object' ? '' : `${media.form}/${formApiVersion(media)}`;
  const key = `${media.encoding} ${form} ${served.head.apiVersion}${withColumns ? '' : ' rows'}`;
  const isProtobuf = media.encoding === 'protobuf';
  const isCbor = media.encoding === 'cbor';
  const asIs = media.encoding === 'json' && media.form === 'object' && served.isStorageVersion;
  const typeOfForm = media.form === 'table' ? 'meta.v1.Table' : media.form === 'object' ? (served.info.type ?? '') : 'meta.v1.PartialObjectMetadata';
  const inForm = (object: KubeObject): KubeObject => {
    if (media.form === 'table') {
      const table = tableOf(presentation, [object], { resourceVersion: object.metadata?.resourceVersion ?? '' });
      return withColumns ? table : { ...table, columnDefinitions: null };
    }
    return media.form === 'object' ? object : partial(media, object);
  };
  const cborType = media.form === 'object' ? served.info.type : 'meta.v1.PartialObjectMetadata';
  const framed = (type: WatchType, object: KubeObject, protobufType: string, as: string | undefined): Buffer => {
    if (isProtobuf) return protobufFrame(type, encodeProtobuf(protobufType, object));
    return isCbor ? encodeCborWatchEvent(type, encodeCbor(as, object)) : jsonFrame(type, Buffer.from(stringifyJson(object)));
  };
  const wrap = (type: WatchType, object: KubeObject): Buffer => framed(type, object, typeOfForm, cborType);
  return {
    key,
    later,
    contentType: isProtobuf ? 'application/vnd.kubernetes.protobuf;stream=watch' : isCbor ? 'application/cbor-seq' : 'application/json',
    frame: (type, bytes) => (asIs ? jsonFrame(type, bytes) : wrap(type, inForm(served.fromStored(parseServed(bytes))))),
    bookmark: (revision, initialEnd) => wrap('BOOKMARK', inForm(bookmarkObject(presentation, revision, initialEnd))),
    error(status) {
      const { kind, apiVersion, metadata, ...rest } = status;
      const object = { kind, apiVersion, metadata: { ...metadata } as KubeObject['metadata'], ...rest };
      return framed('ERROR', object, 'meta.v1.Status', 'meta.v1.Status');
    },
  };
}

/** The frame of a stored entry. */
export function entryFrame(codec: FrameCodec, type: WatchType, entry: Entry): Buffer {
  return codec.frame(type, entry.bytes);
}
