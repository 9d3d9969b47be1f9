// PEM as Go's library walks it, which decides what counts as a block: blocks that stand at the beginning of a line,
// whose two labels agree and whose inside is base64. Everything else is text between blocks.

export interface PemBlock {
  readonly label: string;
  readonly hasHeaders: boolean;
  readonly bytes: Buffer;
}

const begin = '-----BEGIN ';
const end = '\n-----END ';
const dashes = '-----';

/** The line that starts at `from`, without blanks at its end, and where the next one starts. */
function lineAt(text: string, from: number): { readonly line: string; readonly next: number } {
  const newline = text.indexOf('\n', from);
  const [last, next] = newline < 0 ? [text.length, text.length] : [newline, newline + 1];
  return { line: text.slice(from, last).replace(/[ \t\r]+$/, ''), next };
}

/** Base64 with padding, and nothing else but white space. */
function decoded(text: string): Buffer | undefined {
  const packed = text.replace(/[ \t\r\n]/g, '');
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) return undefined;
  return Buffer.from(packed, 'base64');
}

/** The block that begins at `start` and whose end line begins at `endAt`; undefined when it is none. */
function blockAt(text: string, start: number, endAt: number): { readonly block: PemBlock; readonly next: number } | undefined {
  const first = lineAt(text, start + begin.length);
  if (!first.line.endsWith(dashes)) return undefined;
  const label = first.line.slice(0, -dashes.length);
  let at = first.next;
  let hasHeaders = false;
  for (;;) {
    if (at >= text.length) return undefined;
    const { line, next } = lineAt(text, at);
    if (!line.includes(':')) break;
    hasHeaders = true;
    at = next;
  }
  if (hasHeaders && at > endAt) return undefined;
  const trailer = endAt + end.length;
  if (!text.startsWith(`${label}${dashes}`, trailer)) return undefined;
  const after = lineAt(text, trailer + label.length + dashes.length);
  if (after.line !== '') return undefined;
  const bytes = at > endAt ? Buffer.alloc(0) : decoded(text.slice(at, endAt));
  return bytes === undefined ? undefined : { block: { label, hasHeaders, bytes }, next: after.next };
}

/** Every block of the text, in order. */
export function pemWalk(text: string): PemBlock[] {
  const found: PemBlock[] = [];
  let from = 0;
  let looked = 0;
  for (;;) {
    const endAt = text.indexOf(end, looked);
    if (endAt < 0) return found;
    looked = endAt + end.length;
    const start = text.lastIndexOf(begin, endAt);
    if (start < from || (start > from && text[start - 1] !== '\n')) continue;
    const block = blockAt(text, start, endAt);
    if (block === undefined) continue;
    found.push(block.block);
    [from, looked] = [block.next, Math.max(block.next - 1, 0)];
  }
}
