// The resize channel of exec and attach: JSON objects {"Width":80,"Height":24} one after the other, not
// necessarily one per message.
import type { Readable } from 'node:stream';

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** A size is some thirty bytes; more without a whole one is no JSON. */
const unparsedLimit = 4096;

/** Sizes as they come; ends with the stream or at the first thing that is none. */
export async function* terminalSizes(stream: Readable): AsyncGenerator<TerminalSize> {
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
      const size = parseSize(text.slice(0, end + 1));
      if (size === undefined) return;
      yield size;
      text = text.slice(end + 1);
    }
    if (text.length > unparsedLimit) return;
  }
}

function parseSize(text: string): TerminalSize | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    const fields = new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field as unknown]));
    const width = fields.get('width') ?? 0;
    const height = fields.get('height') ?? 0;
    return isDimension(width) && isDimension(height) ? { width, height } : undefined;
  } catch {
    return undefined;
  }
}

function isDimension(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff;
}
