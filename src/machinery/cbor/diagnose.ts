// CBOR's diagnostic notation, in which refusals quote a body that has no kind.
import { CborReader } from './reader.ts';

/** At most so much of it is told. */
const toldCharacters = 1024;

/** The notation of well-formed CBOR. */
export function diagnoseCbor(bytes: Uint8Array): string {
  const parts: string[] = [];
  write(new CborReader(bytes), parts);
  return parts.join('').slice(0, toldCharacters);
}

function write(reader: CborReader, parts: string[]): void {
  const major = reader.major();
  if (major < 2) parts.push(String(reader.integer()));
  else if (major < 4) {
    const text = reader.text(0);
    parts.push(major === 2 ? `'${text}'` : JSON.stringify(text));
  } else if (major === 4 || major === 5) {
    parts.push(major === 4 ? '[' : '{');
    for (const index of reader.items()) {
      if (index > 0) parts.push(', ');
      write(reader, parts);
      if (major === 4) continue;
      parts.push(': ');
      write(reader, parts);
    }
    parts.push(major === 4 ? ']' : '}');
  } else if (major === 6) {
    parts.push(`${reader.argument()}(`);
    write(reader, parts);
    parts.push(')');
  } else parts.push(String(reader.primitive()));
}
