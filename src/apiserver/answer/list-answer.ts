// Lists as answers, in every encoding and form. Plain JSON is the cached bytes of the items with separators
// between them; nothing is parsed. Tables, metadata, YAML and other versions parse item by item, in slices.
import type { ListMeta } from '#api/meta/v1.ts';
import type { Clock } from '#base/clock.ts';
import { encodeCborItem, encodeCborListHead, encodeMessage, stringifyJson, stringifyYaml, stringifyYamlAside, turn, wrapProtobuf, type KubeObject } from '#machinery';
import type { Entry } from '../cache/entry.ts';
import { continueAfter, type ListState } from '../read/list-state.ts';
import { encodeContinue } from '../read/continue-token.ts';
import type { Selection } from '../read/selection.ts';
import type { Call } from '../request/call.ts';
import { contentTypes } from '../request/media-type.ts';
import { GatheringWriter } from './gathering-writer.ts';
import { indentJson } from './indent.ts';
import { formApiVersion, partial, tableOf, type Presentation } from './object-answer.ts';
import { joinListMessage } from './protobuf-list.ts';

export interface ListAnswer {
  readonly presentation: Presentation;
  readonly clock: Clock;
  readonly state: ListState;
  readonly selection: Selection;
  /** Parses an entry, or takes it from what is hot. */
  object(entry: Entry): KubeObject;
}

interface Page {
  readonly meta: ListMeta;
  readonly entries: Iterable<Entry> | AsyncIterable<Entry>;
  readonly tally: Tally;
}

/** What has become of the entries, as far as the answer has come. */
interface Tally {
  fetched: number;
  returned: number;
}

const sliceMs = 8;

/** The entries to show and what the list's metadata says about the rest. */
async function pageOf(list: ListAnswer): Promise<Page> {
  const { state, selection } = list;
  const meta: ListMeta = { resourceVersion: String(state.revision) };
  if (state.limit === 0) return { meta, entries: state.entries, tally: { fetched: 0, returned: 0 } };
  const page: Entry[] = [];
  let more = false;
  let seen = 0;
  let sliceStart = list.clock.monotonic();
  for await (const entry of state.entries) {
    if (page.length === state.limit) {
      more = true;
      break;
    }
    if ((++seen & 63) === 0 && list.clock.monotonic() - sliceStart > sliceMs) {
      await turn();
      sliceStart = list.clock.monotonic();
    }
    if (selection.matches(entry)) page.push(entry);
  }
  const last = page.at(-1);
  if (more && last !== undefined) {
    meta.continue = encodeContinue(continueAfter(state, last));
    const { total } = state;
    if (selection.unfiltered && total !== undefined) meta.remainingItemCount = total - state.limit;
  }
  state.told(seen + (more ? 1 : 0), page.length);
  return { meta, entries: page, tally: { fetched: 0, returned: 0 } };
}

/** Streams the list. */
export async function answerList(call: Call, list: ListAnswer): Promise<void> {
  const page = await pageOf(list);
  await writeList(call, list, page);
  // What a page shows has been counted when it was gathered.
  if (list.state.limit === 0) list.state.told(page.tally.fetched, page.tally.returned);
}

async function writeList(call: Call, list: ListAnswer, page: Page): Promise<void> {
  const { media, served } = list.presentation;
  if (media.encoding === 'protobuf') return answerProtobuf(call, list, page);
  if (media.encoding === 'cbor') return answerCbor(call, list, page);
  if (media.encoding === 'yaml' || media.pretty) return answerForPeople(call, list, page);
  const writer = new GatheringWriter(call, list.clock, contentTypes.json);
  if (media.form === 'table') return writeTable(writer, list, page);
  const isMetadata = media.form !== 'object';
  const kind = isMetadata ? 'PartialObjectMetadataList' : served.listKind;
  const apiVersion = isMetadata ? formApiVersion(media) : served.head.apiVersion;
  await writer.addText(`{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${stringifyJson(page.meta)},"items":[`);
  await (isMetadata || !served.isStorageVersion ? writeItems(writer, list, page) : writeBytes(writer, list, page));
  await writer.addText(']}\n');
  await writer.end();
}

const openBrace = Buffer.from('{');
const commaBrace = Buffer.from(',{');

/** Items as they are cached, less kind and apiVersion, which the list's own kind implies. */
async function writeBytes(writer: GatheringWriter, list: ListAnswer, page: Page): Promise<void> {
  const skip = list.presentation.served.info.type === undefined ? 1 : list.presentation.served.head.typeMeta.length;
  const { selection } = list;
  const filtered = !selection.unfiltered || (selection.namespace !== '' && list.state.scope === '');
  const { tally } = page;
  const one = (entry: Entry): Promise<void> | void => {
    tally.fetched++;
    if (filtered && !selection.matches(entry)) return undefined;
    const before = writer.add(tally.returned++ === 0 ? openBrace : commaBrace);
    if (before !== undefined) return before.then(() => writer.add(entry.bytes, skip));
    return writer.add(entry.bytes, skip);
  };
  const pause = (): Promise<void> | void => ((tally.fetched & 63) === 0 ? writer.breathe() : undefined);
  if (Symbol.asyncIterator in page.entries) {
    for await (const entry of page.entries) await one(entry);
    return;
  }
  for (const entry of page.entries) {
    const waiting = one(entry);
    if (waiting !== undefined) await waiting;
    const rest = pause();
    if (rest !== undefined) await rest;
  }
}

/** The matching objects in the version of the request. */
async function* objectsOf(list: ListAnswer, page: Page): AsyncGenerator<KubeObject> {
  const { served } = list.presentation;
  for await (const entry of page.entries) {
    page.tally.fetched++;
    if (!list.selection.matches(entry)) continue;
    page.tally.returned++;
    yield served.fromStored(list.object(entry));
  }
}

async function writeItems(writer: GatheringWriter, list: ListAnswer, page: Page): Promise<void> {
  let first = true;
  for await (const object of objectsOf(list, page)) {
    await writer.addText((first ? '' : ',') + stringifyJson(itemOf(list, object)));
    await writer.breathe();
    first = false;
  }
}

function itemOf(list: ListAnswer, object: KubeObject): KubeObject {
  if (list.presentation.media.form !== 'object') return partial(list.presentation.media, object);
  // Items of custom kinds say what they are; those of built-in ones leave it to the list.
  if (list.presentation.served.info.type === undefined) return object;
  const { kind: _kind, apiVersion: _apiVersion, ...item } = object;
  return item;
}

const rowsPerSlice = 50;

async function writeTable(writer: GatheringWriter, list: ListAnswer, page: Page): Promise<void> {
  const { rows: _rows, metadata: _meta, ...head } = tableOf(list.presentation, [], {});
  await writer.addText(`${stringifyJson({ kind: 'Table', apiVersion: head.apiVersion, metadata: page.meta, columnDefinitions: head.columnDefinitions }).slice(0, -1)},"rows":[`);
  let first = true;
  const flush = async (objects: readonly KubeObject[]): Promise<void> => {
    const { rows } = tableOf(list.presentation, objects, {});
    for (const row of Array.isArray(rows) ? (rows as unknown[]) : []) {
      await writer.addText((first ? '' : ',') + stringifyJson(row));
      first = false;
    }
    await writer.breathe();
  };
  let slice: KubeObject[] = [];
  for await (const object of objectsOf(list, page)) {
    slice.push(object);
    if (slice.length === rowsPerSlice) {
      await flush(slice);
      slice = [];
    }
  }
  await flush(slice);
  await writer.addText(']}\n');
  await writer.end();
}

/** A list as people get it: what comes before the items, and the items. */
interface PeoplesList {
  readonly head: Record<string, unknown>;
  readonly name: 'items' | 'rows';
  readonly items: AsyncIterable<unknown>;
}

function peoplesList(list: ListAnswer, page: Page, served: Presentation['served']): PeoplesList {
  const isMetadata = list.presentation.media.form !== 'object';
  const kind = isMetadata ? 'PartialObjectMetadataList' : served.listKind;
  const apiVersion = isMetadata ? formApiVersion(list.presentation.media) : served.head.apiVersion;
  const items = async function* (): AsyncGenerator<unknown> {
    for await (const object of objectsOf(list, page)) yield itemOf(list, object);
  };
  return { head: { kind, apiVersion, metadata: page.meta }, name: 'items', items: items() };
}

function peoplesTable(list: ListAnswer, page: Page): PeoplesList {
  const { rows: _rows, metadata: _metadata, ...head } = tableOf(list.presentation, [], {});
  const rows = async function* (): AsyncGenerator<unknown> {
    for await (const object of objectsOf(list, page)) {
      const { rows: made } = tableOf(list.presentation, [object], {});
      if (Array.isArray(made)) yield* made as unknown[];
    }
  };
  return { head: { kind: 'Table', apiVersion: head.apiVersion, metadata: page.meta, columnDefinitions: head.columnDefinitions }, name: 'rows', items: rows() };
}

/** YAML and indented JSON, item by item as well: a person's request must not hold up everybody else's. */
async function answerForPeople(call: Call, list: ListAnswer, page: Page): Promise<void> {
  const { media, served } = list.presentation;
  const writer = new GatheringWriter(call, list.clock, contentTypes[media.encoding]);
  const isYaml = media.encoding === 'yaml';
  const { head, items, name } = media.form === 'table' ? peoplesTable(list, page) : peoplesList(list, page, served);
  await writer.addText(isYaml ? `${stringifyYaml(head)}${name}:` : `${indentJson(stringifyJson(head)).slice(0, -3)},\n  "${name}": [`);
  let first = true;
  for await (const item of items) {
    const text = isYaml ? `${first ? '\n' : ''}${await stringifyYamlAside([item])}` : `${first ? '' : ','}\n    ${indentJson(stringifyJson(item)).trimEnd().replaceAll('\n', '\n    ')}`;
    await writer.add(Buffer.from(text));
    await writer.breathe();
    first = false;
  }
  await writer.addText(isYaml ? (first ? ' []\n' : '') : `${first ? '' : '\n  '}]\n}\n`);
  await writer.end();
}

async function answerProtobuf(call: Call, list: ListAnswer, page: Page): Promise<void> {
  const { media, served } = list.presentation;
  const writer = new GatheringWriter(call, list.clock, contentTypes.protobuf);
  const isMetadata = media.form !== 'object';
  const type = isMetadata ? 'meta.v1.PartialObjectMetadata' : (served.info.type ?? '');
  const items: Uint8Array[] = [];
  for await (const object of objectsOf(list, page)) {
    items.push(encodeMessage(type, isMetadata ? partial(media, object) : object));
    await writer.breathe();
  }
  const kind = isMetadata ? 'PartialObjectMetadataList' : served.listKind;
  const message = joinListMessage(encodeMessage('meta.v1.ListMeta', page.meta), items);
  await writer.add(wrapProtobuf(isMetadata ? formApiVersion(media) : served.head.apiVersion, kind, message));
  await writer.end();
}

/** The head of a CBOR list tells how many items there are, so they are made first. */
async function answerCbor(call: Call, list: ListAnswer, page: Page): Promise<void> {
  const { media, served } = list.presentation;
  const writer = new GatheringWriter(call, list.clock, contentTypes.cbor);
  const isMetadata = media.form !== 'object';
  const type = isMetadata ? 'meta.v1.PartialObjectMetadata' : served.info.type;
  const items: Uint8Array[] = [];
  for await (const object of objectsOf(list, page)) {
    items.push(encodeCborItem(type, itemOf(list, object)));
    await writer.breathe();
  }
  const head = { kind: isMetadata ? 'PartialObjectMetadataList' : served.listKind, apiVersion: isMetadata ? formApiVersion(media) : served.head.apiVersion, metadata: page.meta };
  await writer.add(encodeCborListHead(head, items.length));
  for (const item of items) await writer.add(item);
  await writer.end();
}
