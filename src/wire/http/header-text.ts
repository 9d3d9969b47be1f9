// Values of headers are bytes, a character each, as Node shows and sends them; clients and servers of Go write UTF-8 in
// them. Between the two: names of people, groups and programs beyond ASCII.

const beyondAscii = /[^\0-\u007f]/;

/** What the bytes of a header say; what is no UTF-8 in them becomes U+FFFD. */
export function headerText(bytes: string): string {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}

/** The bytes of a header that says this. */
export function headerBytes(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text).toString('latin1') : text;
}
