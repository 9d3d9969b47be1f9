// A list message from its encoded parts: metadata is field 1, each item a field 2.

const metadataTag = 0x0a;
const itemTag = 0x12;

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Writes `value` at `at`; answers the position behind it. */
function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest >= 0x80) {
    out[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  out[at++] = rest;
  return at;
}

export function joinListMessage(metadata: Uint8Array, items: readonly Uint8Array[]): Uint8Array {
  const size = (part: Uint8Array): number => 1 + varintLength(part.length) + part.length;
  const out = new Uint8Array(items.reduce((sum, item) => sum + size(item), size(metadata)));
  let at = 0;
  const add = (tag: number, part: Uint8Array): void => {
    out[at++] = tag;
    at = writeVarint(out, at, part.length);
    out.set(part, at);
    at += part.length;
  };
  add(metadataTag, metadata);
  for (const item of items) add(itemTag, item);
  return out;
}
