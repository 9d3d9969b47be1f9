// HPACK's encoder (RFC 7541) for the headers of responses. Fields that come again, such as content-type, go into the
// dynamic table and are one byte from then on; those that never do (audit-id, etag) stay out of it. Strings are sent
// plain: Huffman's code would save a few bytes of what is not in the table, for more work on both sides.
import { entryOverhead, staticCount, staticIndexOf } from './static-table.ts';

/** What we use of the peer's table: RFC 7541's default. */
const mostTableBytes = 4096;
/** Larger values would drive out what comes again. */
const longestIndexedValue = 512;
/** Entries of a name that are compared before its value counts as new. */
const mostCompared = 8;

/** Never in the table: they differ from answer to answer. */
const everNew = new Set(
  `age content-disposition content-length content-location content-range etag expires last-modified link location
  refresh retry-after traceparent tracestate warning x-request-id x-remote-user x-remote-uid x-remote-group`.split(/\s+/),
);
/** Ever new as well, but of every answer: its name is in the table, with the first value. */
const namedOnly = new Set(['audit-id']);
/** Told to keep out of tables on the way, too (RFC 7541, 7.1.3). */
const secret = new Set(['set-cookie', 'authorization', 'proxy-authorization', 'cookie']);
/** Of HTTP/1.1 connections (RFC 9113, 8.2.2). */
const ofConnection = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']);

type Use = 'indexed' | 'named' | 'plain' | 'secret' | 'omitted';

/** What is known of a name; shared by all encoders. */
interface FieldName {
  readonly name: string;
  /** A number for the encoders' own tables; 0 when there are too many names. */
  readonly id: number;
  readonly staticIndex: number;
  readonly use: Use;
}

/** Names beyond these and longer ones, which a server that is proxied may send, are never indexed. */
const mostNames = 1024;
const longestName = 128;
const knownNames = new Map<string, FieldName>();

function learnName(name: string): FieldName {
  const id = knownNames.size < mostNames && name.length <= longestName ? statusField.id + knownNames.size + 1 : 0;
  const field = { name, id, staticIndex: staticIndexOf(name), use: useOf(name, id) };
  if (id > 0) knownNames.set(name, field);
  return field;
}

function useOf(name: string, id: number): Use {
  if (name === '' || name.startsWith(':') || ofConnection.has(name)) return 'omitted';
  if (secret.has(name)) return 'secret';
  if (id === 0 || everNew.has(name)) return 'plain';
  return namedOnly.has(name) ? 'named' : 'indexed';
}

const statusField: FieldName = { name: ':status', id: 1, staticIndex: staticIndexOf(':status'), use: 'indexed' };
const contentLengthIndex = staticIndexOf('content-length');

/** No client takes a field with one of these: it is left out, as Go's servers do. */
const controls = /[\0-\x08\x0a-\x1f\x7f]/;

/** One for all answers of a second. */
const dateField = learnName('date');

/** :status lines of the static table. */
const staticStatus = new Map([200, 204, 206, 304, 400, 404, 500].map((status, i) => [status, statusField.staticIndex + i]));

// The block at hand; shared by all encoders, as is what `encode` returns. Views of small blocks are made once.
const scratchBytes = 4096;
const longestKeptView = 512;
const firstScratch = Buffer.allocUnsafeSlow(scratchBytes);
const views: (Uint8Array | undefined)[] = Array.from({ length: longestKeptView + 1 }, () => undefined);
let scratch = firstScratch;

function reserve(pos: number, bytes: number): void {
  if (pos + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(scratch.length * 2, pos + bytes));
  scratch.copy(larger, 0, 0, pos);
  scratch = larger;
}

function block(length: number): Uint8Array {
  if (scratch !== firstScratch || length > longestKeptView) return scratch.subarray(0, length);
  return (views[length] ??= scratch.subarray(0, length));
}

/** Room for the integers of a field. */
const fieldOverhead = 32;
/** From here on, a call into the runtime is quicker than a loop. */
const longText = 64;

/** An integer (RFC 7541, 5.1) after `flags`, in the bits that `mask` leaves. */
function writeInteger(value: number, mask: number, flags: number, pos: number): number {
  if (value < mask) {
    scratch[pos++] = flags | value;
    return pos;
  }
  scratch[pos++] = flags | mask;
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) scratch[pos++] = (rest & 0x7f) | 0x80;
  scratch[pos++] = rest;
  return pos;
}

/** A string literal without Huffman's code. A character that is no byte is '?': it must not become another by chance. */
function writeText(text: string, pos: number): number {
  const length = text.length;
  pos = writeInteger(length, 0x7f, 0, pos);
  // With room for a character more, only what is ASCII takes as many bytes in UTF-8.
  if (length >= longText && scratch.write(text, pos, length + 4, 'utf8') === length) return pos + length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    scratch[pos + i] = code > 255 ? 0x3f : code;
  }
  return pos + length;
}

/** The places of a ring that holds the most entries there can be; those have a name. */
const slots = 128;
const mask = slots - 1;

/** Encodes the header blocks of one connection, in the order in which they are sent. */
export class HpackEncoder {
  // The dynamic table: a ring, `#next` the place of the next entry. Its index is by its age, 1 for the newest.
  readonly #values = Array.from({ length: slots }, () => '');
  readonly #ids = new Int16Array(slots);
  readonly #sizes = new Int16Array(slots);
  /** The place of the entry before with the same name; stale once that one is dropped. */
  readonly #before = new Int16Array(slots);
  /** By a name's id: the place of its newest entry. */
  #newest = new Int16Array(32);
  #next = 0;
  #count = 0;
  #bytes = 0;
  #most = mostTableBytes;
  // What the next block tells of the table's size, when it differs.
  #smallest = mostTableBytes;
  #wanted = mostTableBytes;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE; it is told at the start of the next block what we use of it. */
  setPeerTableBytes(bytes: number): void {
    this.#wanted = Math.min(bytes, mostTableBytes);
    if (this.#wanted < this.#smallest) this.#smallest = this.#wanted;
  }

  /**
   * The header block of a response. `headers` are lower-case names with one character per byte (latin1) in the values;
   * undefined values, ':'-names and fields of HTTP/1.1 connections are left out. `contentLength` is written in place of
   * any in `headers`, `date` unless there is one. Returns a view on memory shared by all encoders, valid until the next call of any of them.
   */
  encode(status: number, headers: Readonly<Record<string, string | undefined>>, contentLength: number | undefined, date?: string): Uint8Array {
    if (scratch !== firstScratch) scratch = firstScratch;
    let pos = this.#smallest < this.#most || this.#wanted !== this.#most ? this.#tellSize() : 0;
    const known = staticStatus.get(status);
    if (known !== undefined) scratch[pos++] = 0x80 | known;
    else pos = this.#field(statusField, String(status), pos);
    for (const name in headers) {
      const value = headers[name];
      if (value === undefined || (contentLength !== undefined && name === 'content-length')) continue;
      const field = knownNames.get(name) ?? learnName(name);
      if (field.use !== 'omitted') pos = this.#field(field, value, pos);
    }
    if (date !== undefined && headers['date'] === undefined) pos = this.#field(dateField, date, pos);
    if (contentLength !== undefined) {
      reserve(pos, fieldOverhead);
      pos = writeInteger(contentLengthIndex, 0x0f, 0, pos);
      pos = writeText(String(contentLength), pos);
    }
    return block(pos);
  }

  #field(field: FieldName, value: string, pos: number): number {
    const { id, name, use } = field;
    reserve(pos, name.length + value.length + fieldOverhead);
    const age = id === 0 ? 0 : this.#age(id);
    if (age > 0 && use === 'indexed') {
      const same = this.#ageOfValue(age, value);
      if (same > 0) return writeInteger(staticCount + same, 0x7f, 0x80, pos);
    }
    if (controls.test(value)) return pos;
    const index = field.staticIndex > 0 ? field.staticIndex : age > 0 ? staticCount + age : 0;
    const size = name.length + value.length + entryOverhead;
    const indexed = (use === 'indexed' || (use === 'named' && age === 0)) && value.length <= longestIndexedValue && size <= this.#most;
    if (indexed) this.#insert(id, age, value, size);
    const flags = indexed ? 0x40 : use === 'secret' ? 0x10 : 0;
    if (index > 0) pos = writeInteger(index, indexed ? 0x3f : 0x0f, flags, pos);
    else {
      scratch[pos++] = flags;
      pos = writeText(name, pos);
    }
    return writeText(value, pos);
  }

  /** The age of the newest entry with this name; 0 when there is none. */
  #age(id: number): number {
    const slot = this.#newest[id] ?? 0;
    if (this.#ids[slot] !== id) return 0;
    const age = (this.#next - slot) & mask;
    return age <= this.#count ? age : 0;
  }

  /** The age of the entry with this value among those with the name of the entry of `age`; 0 when there is none. */
  #ageOfValue(age: number, value: string): number {
    for (let compared = 0; compared < mostCompared; compared++) {
      const slot = (this.#next - age) & mask;
      if (this.#values[slot] === value) return age;
      const before = (this.#next - (this.#before[slot] ?? 0)) & mask;
      // What took the place of an entry that was dropped is newer than this one.
      if (before <= age || before > this.#count) return 0;
      age = before;
    }
    return 0;
  }

  #insert(id: number, age: number, value: string, size: number): void {
    this.#evict(this.#most - size);
    const slot = this.#next;
    if (id >= this.#newest.length) {
      const larger = new Int16Array(id * 2);
      larger.set(this.#newest);
      this.#newest = larger;
    }
    this.#values[slot] = value;
    this.#ids[slot] = id;
    this.#sizes[slot] = size;
    this.#before[slot] = age > 0 ? (slot - age) & mask : slot;
    this.#newest[id] = slot;
    this.#next = (slot + 1) & mask;
    this.#count++;
    this.#bytes += size;
  }

  /** Drops the oldest entries until no more than `bytes` are left. */
  #evict(bytes: number): void {
    while (this.#bytes > bytes && this.#count > 0) {
      const slot = (this.#next - this.#count--) & mask;
      this.#bytes -= this.#sizes[slot] ?? 0;
      this.#values[slot] = '';
    }
  }

  /** RFC 7541 4.2: the smallest size since the last block, then the one from now on. */
  #tellSize(): number {
    let pos = 0;
    if (this.#smallest < this.#most && this.#smallest < this.#wanted) {
      pos = writeInteger(this.#smallest, 0x1f, 0x20, pos);
      this.#evict(this.#smallest);
    }
    pos = writeInteger(this.#wanted, 0x1f, 0x20, pos);
    this.#most = this.#wanted;
    this.#smallest = this.#wanted;
    this.#evict(this.#most);
    return pos;
  }
}
