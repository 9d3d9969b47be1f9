// The line format of container logs: "<RFC 3339 time> stdout|stderr F|P <text>". P marks a part of a line
// that goes on in the next record of the same stream.

export interface LogRecord {
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** The text ends its line. */
  readonly full: boolean;
  readonly text: Uint8Array;
}

const space = 0x20;

/** A record from a line without its newline; undefined for what is none. */
export function parseLogLine(line: Uint8Array): LogRecord | undefined {
  const first = line.indexOf(space);
  const second = first < 0 ? -1 : line.indexOf(space, first + 1);
  if (second < 0) return undefined;
  const third = line.indexOf(space, second + 1);
  const tags = Buffer.from(line.subarray(second + 1, third < 0 ? line.length : third)).toString('latin1');
  const stream = Buffer.from(line.subarray(first + 1, second)).toString('latin1');
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  const time = Buffer.from(line.subarray(0, first)).toString('latin1');
  return { time, stream, full: tags.split(':')[0] !== 'P', text: third < 0 ? new Uint8Array() : line.subarray(third + 1) };
}

/** The line that stands for a record, newline included. */
export function formatLogLine(time: string, stream: 'stdout' | 'stderr', text: string): string {
  return `${time} ${stream} F ${text}\n`;
}
