// The little of DER (X.690) that certificates need: writing nested values, reading them back with bounds.
// Node signs, verifies and parses whole certificates itself; it cannot build them, nor read a request.

export interface DerValue {
  readonly tag: number;
  /** The value with its tag and length, as it stands in the input. */
  readonly raw: Uint8Array;
  readonly content: Uint8Array;
}

export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One value. Parts are concatenated as its content. */
export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const size: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) size.unshift(rest % 256);
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length, ...size]), content]);
}

export function derSequence(...parts: readonly Uint8Array[]): Buffer {
  return der(derTag.sequence, ...parts);
}

/** A non-negative integer from its big-endian bytes. */
export function derInteger(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const significant = bytes.subarray(start);
  const pad = ((significant[0] ?? 0) & 0x80) !== 0 ? [0] : [];
  return der(derTag.integer, Buffer.from(pad), significant);
}

/** "2.5.4.3" */
export function derOid(dotted: string): Buffer {
  const arcs = dotted.split('.').map(Number);
  const bytes: number[] = [];
  const push = (arc: number): void => {
    const digits = [arc % 128];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 | (rest % 128));
    bytes.push(...digits);
  };
  push((arcs[0] ?? 0) * 40 + (arcs[1] ?? 0));
  for (const arc of arcs.slice(2)) push(arc);
  return der(derTag.oid, Buffer.from(bytes));
}

export function derText(text: string): Buffer {
  return der(derTag.utf8String, Buffer.from(text, 'utf8'));
}

export function derBitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return der(derTag.bitString, Buffer.from([unusedBits]), bytes);
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5). */
export function derTime(epochMs: number): Buffer {
  const digits = new Date(epochMs).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const year = Number(digits.slice(0, 4));
  if (year >= 1950 && year < 2050) return der(derTag.utcTime, Buffer.from(`${digits.slice(2)}Z`));
  return der(derTag.generalizedTime, Buffer.from(`${digits}Z`));
}

/** The value at the start of `bytes`; throws on anything malformed. */
export function readDer(bytes: Uint8Array): { value: DerValue; rest: Uint8Array } {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new Error('malformed DER: truncated or unsupported tag');
  let length = first;
  let offset = 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new Error('malformed DER: unsupported length');
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[offset + i] ?? 0);
    offset += count;
  }
  const end = offset + length;
  if (end > bytes.length) throw new Error('malformed DER: value longer than its input');
  return { value: { tag, raw: bytes.subarray(0, end), content: bytes.subarray(offset, end) }, rest: bytes.subarray(end) };
}

/** The values inside a SEQUENCE, SET or other constructed value. */
export function derChildren(value: DerValue, limit = 1000): DerValue[] {
  const children: DerValue[] = [];
  let rest = value.content;
  while (rest.length > 0) {
    if (children.length >= limit) throw new Error('malformed DER: too many values');
    const next = readDer(rest);
    children.push(next.value);
    rest = next.rest;
  }
  return children;
}

/** The dotted form of an OID's content. */
export function oidText(value: DerValue): string {
  if (value.tag !== derTag.oid) throw new Error('malformed DER: an object identifier was expected');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of value.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const first = arcs[0] ?? 0;
  const top = Math.min(2, Math.floor(first / 40));
  return [top, first - top * 40, ...arcs.slice(1)].join('.');
}

/** Text of the string types that names use. */
export function textOf(value: DerValue): string {
  const buffer = Buffer.from(value.content.buffer, value.content.byteOffset, value.content.length);
  if (value.tag === 0x1e) return Buffer.from(buffer).swap16().toString('utf16le');
  return buffer.toString(value.tag === derTag.utf8String ? 'utf8' : 'latin1');
}
