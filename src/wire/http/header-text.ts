// Values of headers are bytes, a character each, as Node shows and sends them; clients and servers of Go write UTF-8 in
// them. Between the two: names of people, groups and programs beyond ASCII.
import { bytesOfText, textOfBytes } from '#base/byte-text.ts';

/** What the bytes of a header say; what is no UTF-8 in them becomes U+FFFD. */
export const headerText = textOfBytes;

/** The bytes of a header that says this. */
export const headerBytes = bytesOfText;
