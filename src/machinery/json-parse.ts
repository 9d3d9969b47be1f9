// The careful JSON parser: iterative (any depth up to a bound without touching the stack), 64-bit integers
// kept exact, duplicate members reported by path, `__proto__` an ordinary key, and Go's error texts, which
// upstream's answers quote. Ten times slower than JSON.parse, so it runs only where json-scan.ts says so, and
// in slices (slices.ts).
import { numberOf } from './json-number.ts';
import { atOnce, type Sliced } from './slices.ts';

export interface ParsedJson {
  readonly value: unknown;
  /** Paths of members that were given more than once ("spec.replicas"), each once, in document order. */
  readonly duplicates: string[];
  /** These, and those of the watched paths that were met, in document order; where paths were watched. */
  readonly problems?: readonly string[];
}

interface Frame {
  readonly container: Record<string, unknown> | unknown[];
  /** The member being read, or the index in an array. */
  key: string;
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// oxlint-disable-next-line no-control-regex -- JSON strings exclude exactly these
const plainString = /[^"\\\u0000-\u001f]*/y;
const duplicatesKept = 100;
/** Values between two yields: some milliseconds. */
const valuesPerSlice = 16_384;

/** A JSON syntax error with Go's text. */
export class JsonSyntaxError extends Error {
  override name = 'JsonSyntaxError';
}

/** Parses; throws JsonSyntaxError. Nesting beyond `maxDepth` is refused. */
export function parseCarefully(text: string, maxDepth: number, watched?: ReadonlySet<string>): ParsedJson {
  return atOnce(parsingCarefully(text, maxDepth, watched));
}

/** As parseCarefully, in slices. `watched` paths are told where they are met. */
export function parsingCarefully(text: string, maxDepth: number, watched?: ReadonlySet<string>): Sliced<ParsedJson> {
  return new CarefulParser(text, maxDepth, watched).run();
}

class CarefulParser {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;
  readonly #frames: Frame[] = [];
  readonly #duplicates = new Set<string>();
  readonly #problems = new Set<string>();
  readonly #watched: ReadonlySet<string> | undefined;

  constructor(text: string, maxDepth: number, watched: ReadonlySet<string> | undefined) {
    this.#watched = watched;
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  *run(): Sliced<ParsedJson> {
    this.#skipSpace();
    let value = this.#open();
    for (let values = 1; ; values++) {
      if (values % valuesPerSlice === 0) yield;
      const frame = this.#frames.at(-1);
      if (frame === undefined) break;
      if (value !== frame.container) this.#store(frame, value);
      const isFirst = value === frame.container;
      value = this.#next(frame, isFirst);
    }
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('after top-level value');
    return { value, duplicates: [...this.#duplicates], ...(this.#watched === undefined ? {} : { problems: [...this.#problems] }) };
  }

  /** After an element: the next value of the frame, or the closed container. */
  #next(frame: Frame, isFirst: boolean): unknown {
    this.#skipSpace();
    const c = this.#peek();
    if (Array.isArray(frame.container)) {
      if (c === ']') return this.#close(frame);
      if (!isFirst) {
        if (c !== ',') this.#fail('after array element');
        this.#at++;
        this.#skipSpace();
      }
      frame.key = String(frame.container.length);
      return this.#open();
    }
    if (c === '}') return this.#close(frame);
    if (!isFirst) {
      if (c !== ',') this.#fail('after object key:value pair');
      this.#at++;
      this.#skipSpace();
    }
    if (this.#peek() !== '"') this.#fail('looking for beginning of object key string');
    frame.key = this.#string();
    this.#note(frame.container, frame.key);
    this.#skipSpace();
    if (this.#peek() !== ':') this.#fail('after object key');
    this.#at++;
    this.#skipSpace();
    return this.#open();
  }

  #close(frame: Frame): unknown {
    this.#at++;
    this.#frames.pop();
    return frame.container;
  }

  /** A key is told before what is in its value. */
  #note(container: Record<string, unknown>, key: string): void {
    const isDuplicate = Object.hasOwn(container, key) && this.#duplicates.size < duplicatesKept;
    if (!isDuplicate && this.#watched === undefined) return;
    const path = this.#path();
    if (isDuplicate) this.#duplicates.add(path);
    if (isDuplicate || this.#watched?.has(path) === true) this.#problems.add(path);
  }

  #store(frame: Frame, value: unknown): void {
    const { container, key } = frame;
    if (Array.isArray(container)) {
      container.push(value);
      return;
    }
    if (key === '__proto__') {
      Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true });
    } else {
      container[key] = value;
    }
  }

  #path(): string {
    let path = '';
    for (const { container, key } of this.#frames) {
      if (Array.isArray(container)) path += `[${key}]`;
      else path = path === '' ? key : `${path}.${key}`;
    }
    return path;
  }

  /** Reads a scalar, or enters a container and returns it empty. */
  #open(): unknown {
    const c = this.#peek();
    if (c === '{' || c === '[') {
      if (this.#frames.length >= this.#maxDepth) this.#fail('exceeded max depth');
      this.#at++;
      const container = c === '{' ? {} : [];
      this.#frames.push({ container, key: '' });
      return container;
    }
    if (c === '"') return this.#string();
    if (c === '-' || (c >= '0' && c <= '9')) return this.#number();
    if (c === 't') return this.#literal('true', true);
    if (c === 'f') return this.#literal('false', false);
    if (c === 'n') return this.#literal('null', null);
    return this.#fail('looking for beginning of value');
  }

  #literal<T>(word: string, value: T): T {
    for (let i = 1; i < word.length; i++) {
      this.#at++;
      if (this.#peek() !== word[i]) this.#fail(`in literal ${word} (expecting '${word[i] ?? ''}')`);
    }
    this.#at++;
    return value;
  }

  #number(): unknown {
    numberPattern.lastIndex = this.#at;
    const match = numberPattern.exec(this.#text);
    if (match === null) {
      this.#at++;
      return this.#fail('in numeric literal');
    }
    this.#at += match[0].length;
    const next = this.#text.charAt(this.#at);
    if (next === '.') {
      this.#at++;
      this.#fail('after decimal point in numeric literal');
    }
    if (next === 'e' || next === 'E') {
      this.#at++;
      if (this.#peek() === '+' || this.#peek() === '-') this.#at++;
      this.#fail('in exponent of numeric literal');
    }
    return numberOf(match[0]);
  }

  #string(): string {
    const start = this.#at++;
    plainString.lastIndex = this.#at;
    this.#at += plainString.exec(this.#text)?.[0].length ?? 0;
    if (this.#text.charCodeAt(this.#at) === 0x22) return this.#text.slice(start + 1, this.#at++);
    for (;;) {
      plainString.lastIndex = this.#at;
      this.#at += plainString.exec(this.#text)?.[0].length ?? 0;
      const c = this.#peek();
      if (c === '"') break;
      if (c !== '\\') this.#fail('in string literal');
      this.#at++;
      const escape = this.#peek();
      if (escape === 'u') {
        for (let i = 0; i < 4; i++) {
          this.#at++;
          if (!/[0-9a-fA-F]/.test(this.#peek())) this.#fail('in \\u hexadecimal character escape');
        }
      } else if (!'"\\/bfnrt'.includes(escape)) {
        this.#fail('in string escape code');
      }
      this.#at++;
    }
    this.#at++;
    return String(JSON.parse(this.#text.slice(start, this.#at)));
  }

  #skipSpace(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      this.#at++;
    }
  }

  #peek(): string {
    if (this.#at >= this.#text.length) throw new JsonSyntaxError('unexpected end of JSON input');
    return this.#text.charAt(this.#at);
  }

  #fail(context: string): never {
    const c = this.#peek();
    const byte = c < '\x80' ? c : String.fromCharCode(Buffer.from(c)[0] ?? 0);
    const quoted = byte === "'" ? "\\'" : byte === '"' ? '"' : JSON.stringify(byte).slice(1, -1).replace(/\\u00/g, '\\x');
    throw new JsonSyntaxError(`invalid character '${quoted}' ${context}`);
  }
}
