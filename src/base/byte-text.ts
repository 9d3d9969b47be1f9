// Texts in places that hold bytes, a character each (U+0000 to U+00FF): values of headers, as Node shows and sends them, and
// keys of the store. What stands there is UTF-8, as Go's clients and servers and upstream's etcd have it.

const beyondAscii = /[^\0-\u007f]/;

/** The UTF-8 of a text, a character for each byte. */
export function bytesOfText(text: string): string {
  return beyondAscii.test(text) ? Buffer.from(text).toString('latin1') : text;
}

/** The text whose UTF-8 these bytes are; what is no UTF-8 in them becomes U+FFFD. */
export function textOfBytes(bytes: string): string {
  return beyondAscii.test(bytes) ? Buffer.from(bytes, 'latin1').toString() : bytes;
}
