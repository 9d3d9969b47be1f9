// Is a body well-formed CBOR (RFC 8949), how deep and how many values? One pass without recursion that looks at heads
// alone, before anything is read: what passes it can be read without a check of bounds. The refusals are those of
// upstream's reader (KEP-4222): no big numbers, no simple values but false, true and null, no NaN and no infinity.
import type { Sliced } from '../slices.ts';
import { TooManyValuesError } from '../json.ts';

/** Bytes that are no CBOR, or CBOR that the API does not take. The message is upstream's. */
export class CborError extends Error {
  override name = 'CborError';
}

export const typeNames = ['positive integer', 'negative integer', 'byte string', 'UTF-8 text string', 'array', 'map', 'tag', 'primitives'] as const;

export interface ScanLimits {
  readonly maxDepth: number;
  /** Map entries and list items. */
  readonly maxValues: number;
}

/** Heads looked at before others have their turn. */
const headsPerSlice = 100_000;

const endOfBytes = (): CborError => new CborError('unexpected EOF');

/** The head at a position: its argument and where it ends; -1 stands for an indefinite length. */
export interface Head {
  argument: number | bigint;
  end: number;
}

/** Reads a head's argument into `head`. Throws CborError. */
export function readHead(view: DataView, at: number, head: Head): void {
  if (at >= view.byteLength) throw endOfBytes();
  const initial = view.getUint8(at);
  const info = initial & 31;
  if (info < 24) {
    head.argument = info;
    head.end = at + 1;
    return;
  }
  if (info === 31) {
    const major = initial >> 5;
    if (major === 7) throw new CborError('cbor: unexpected "break" code');
    if (major < 2 || major === 6) throw new CborError(`cbor: invalid additional information 31 for type ${typeNames[major]}`);
    head.argument = -1;
    head.end = at + 1;
    return;
  }
  if (info > 27) throw new CborError(`cbor: invalid additional information ${info} for type ${typeNames[initial >> 5]}`);
  const size = 1 << (info - 24);
  if (at + 1 + size > view.byteLength) throw endOfBytes();
  head.end = at + 1 + size;
  if (size === 1) head.argument = view.getUint8(at + 1);
  else if (size === 2) head.argument = view.getUint16(at + 1);
  else if (size === 4) head.argument = view.getUint32(at + 1);
  else {
    const long = view.getBigUint64(at + 1);
    head.argument = long <= 0x1f_ffff_ffff_ffffn ? Number(long) : long;
  }
}

/** The number behind a half-precision float's bits. */
export function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

export function floatAt(view: DataView, at: number): number {
  const info = view.getUint8(at) & 31;
  if (info === 25) return halfOf(view.getUint16(at + 1));
  return info === 26 ? view.getFloat32(at + 1) : view.getFloat64(at + 1);
}

function checkPrimitive(view: DataView, at: number, argument: number | bigint): void {
  const info = view.getUint8(at) & 31;
  if (info >= 25) {
    const value = floatAt(view, at);
    if (Number.isNaN(value)) throw new CborError('cbor: data item of cbor type primitives is not accepted by protocol: floating-point NaN');
    if (!Number.isFinite(value)) throw new CborError('cbor: data item of cbor type primitives is not accepted by protocol: floating-point infinity');
  } else if (info === 24 && argument < 32) throw new CborError(`cbor: invalid simple value ${argument} for type primitives`);
}

/** Containers that are open: how many items are to come; -1 for those that end with a break. */
interface Open {
  left: number;
  readonly major: number;
  seen: number;
}

interface Scan {
  readonly view: DataView;
  readonly limits: ScanLimits;
  readonly open: Open[];
  readonly head: Head;
  at: number;
  values: number;
  /** Tags around what comes next. */
  tags: number;
}

/** Looks at the first item of the bytes; answers where it ends. Throws CborError, and TooManyValuesError. */
export function* scanningCbor(view: DataView, limits: ScanLimits): Sliced<number> {
  if (view.byteLength === 0) throw new CborError('EOF');
  const scan: Scan = { view, limits, open: [], head: { argument: 0, end: 0 }, at: 0, values: 0, tags: 0 };
  for (let heads = 1; ; heads++) {
    if (heads % headsPerSlice === 0) yield;
    if (!isBreak(scan)) scanItem(scan);
    if (scan.tags > 0) continue;
    closeFull(scan);
    if (scan.open.length === 0) return scan.at;
  }
}

/** A break ends an open container of indefinite length. */
function isBreak(scan: Scan): boolean {
  const top = scan.open.at(-1);
  if (top === undefined || top.left !== -1 || scan.tags > 0) return false;
  if (scan.at >= scan.view.byteLength) throw endOfBytes();
  if (scan.view.getUint8(scan.at) !== 0xff) return false;
  if (top.major === 5 && top.seen % 2 === 1) throw new CborError('cbor: unexpected "break" code');
  scan.at++;
  top.left = 0;
  return true;
}

function scanItem(scan: Scan): void {
  const { view, at, head, limits } = scan;
  const top = scan.open.at(-1);
  readHead(view, at, head);
  const major = view.getUint8(at) >> 5;
  const { argument } = head;
  scan.at = head.end;
  if (top !== undefined && scan.tags === 0) {
    top.seen++;
    if (top.major < 4) checkChunk(top.major, major, argument);
    else if (top.left > 0) top.left--;
    if (top.major >= 4 && ++scan.values > limits.maxValues * 2) throw new TooManyValuesError(`more than ${limits.maxValues} values`);
  }
  if (major === 6) return scanTag(scan, argument);
  scan.tags = 0;
  if (major === 7) return checkPrimitive(view, at, argument);
  if (major < 2) return;
  if (major < 4 && argument !== -1) {
    if (typeof argument === 'bigint' || scan.at + argument > view.byteLength) throw endOfBytes();
    scan.at += argument;
    return;
  }
  // A container that claims more items than there are bytes left ends too early in any case.
  if (typeof argument === 'bigint' || argument > view.byteLength) throw endOfBytes();
  if (scan.open.length >= limits.maxDepth) throw tooDeep(limits);
  scan.open.push({ left: argument === -1 ? -1 : major === 5 ? argument * 2 : argument, major, seen: 0 });
}

function tooDeep({ maxDepth }: ScanLimits): CborError {
  return new CborError(`cbor: exceeded max nested level ${maxDepth}`);
}

function scanTag(scan: Scan, tag: number | bigint): void {
  if (tag === 2 || tag === 3) throw new CborError('cbor: data item of cbor type tag is not accepted by protocol: bignum');
  if (++scan.tags + scan.open.length > scan.limits.maxDepth) throw tooDeep(scan.limits);
}

function checkChunk(string: number, major: number, argument: number | bigint): void {
  if (major !== string) throw new CborError(`cbor: wrong element type ${typeNames[major] ?? ''} for indefinite-length ${typeNames[string] ?? ''}`);
  if (argument === -1) throw new CborError(`cbor: indefinite-length ${typeNames[string] ?? ''} chunk is not definite-length`);
}

function closeFull(scan: Scan): void {
  while (scan.open.at(-1)?.left === 0) scan.open.pop();
}
