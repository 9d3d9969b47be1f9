// Bytes as Go's %q shows them, for string.format: like texts, and what is no UTF-8 as \xNN.
import { goQuote } from '../../../field-errors.ts';

/** "a\xff" with its quotes. */
export function goQuoteBytes(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let out = '"';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at] ?? 0);
    let character: string | undefined;
    try {
      character = decoder.decode(bytes.subarray(at, at + length));
    } catch {
      character = undefined;
    }
    if (character === undefined || character === '') {
      out += `\\x${(bytes[at] ?? 0).toString(16).padStart(2, '0')}`;
      at++;
    } else {
      out += goQuote(character).slice(1, -1);
      at += length;
    }
  }
  return `${out}"`;
}

function sequenceLength(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
