// Comma-separated values as Go's encoding/csv reads them (RFC 4180): quoted fields with doubled quotes and line breaks,
// empty lines passed over, any number of fields a record, and its errors with line and column.

function problem(line: number, column: number, text: string): Error {
  return new Error(`parse error on line ${line}, column ${column}: ${text}`);
}

/** Records of fields. Throws an Error. */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  for (let at = 0; at < lines.length; at++) {
    if (lines[at] === '') continue;
    const { record, last } = parseRecord(lines, at);
    records.push(record);
    at = last;
  }
  return records;
}

function parseRecord(lines: readonly string[], first: number): { record: string[]; last: number } {
  const record: string[] = [];
  let at = first;
  let line = lines[at] ?? '';
  let start = 0;
  for (;;) {
    if (line[start] !== '"') {
      const comma = line.indexOf(',', start);
      const field = line.slice(start, comma < 0 ? undefined : comma);
      const quote = field.indexOf('"');
      if (quote >= 0) throw problem(at + 1, start + quote + 1, 'bare " in non-quoted-field');
      record.push(field);
      if (comma < 0) return { record, last: at };
      start = comma + 1;
      continue;
    }
    let field = '';
    start += 1;
    for (;;) {
      const quote = line.indexOf('"', start);
      if (quote < 0) {
        field += `${line.slice(start)}\n`;
        const column = line.length + 1;
        at += 1;
        if (at >= lines.length) throw problem(at, column, 'extraneous or missing " in quoted-field');
        line = lines[at] ?? '';
        start = 0;
        continue;
      }
      field += line.slice(start, quote);
      start = quote + 1;
      if (line[start] !== '"') break;
      field += '"';
      start += 1;
    }
    record.push(field);
    if (start >= line.length) return { record, last: at };
    if (line[start] !== ',') throw problem(at + 1, start, 'extraneous or missing " in quoted-field');
    start += 1;
  }
}
