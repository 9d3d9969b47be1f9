// Go's double-quoted form of a text (strconv.Quote), in which error texts of Kubernetes' CEL libraries and
// string.format show what they were given: control characters and what cannot be printed are escaped.

const named = new Map<number, string>([
  [7, '\\a'], [8, '\\b'], [12, '\\f'], [10, '\\n'], [13, '\\r'], [9, '\\t'], [11, '\\v'], [92, '\\\\'], [34, '\\"'],
]);

const unprintable = /[\p{C}\p{Z}]/u;

/** "a\tb" with its quotes. */
export function goQuote(text: string): string {
  let out = '"';
  for (const character of text) out += quoted(character);
  return `${out}"`;
}

function quoted(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const name = named.get(code);
  if (name !== undefined) return name;
  if (character === ' ' || !unprintable.test(character)) return character;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  // A lone surrogate is no character: Go shows the replacement character.
  if (code >= 0xd800 && code <= 0xdfff) return '\u{fffd}';
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** As `goQuote` for bytes: bytes that are no UTF-8 are shown as \xNN. */
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
      out += quoted(character);
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
