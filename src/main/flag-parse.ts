// Reads a command line after a table of flags, as the flag library of upstream's programs does: `--name=value` or
// `--name value`, `--bool` alone, lists comma-separated or repeated, Go durations; and its words for what is wrong.
import { UserError } from '#cli';

interface Row<T extends string, D> {
  readonly type: T;
  readonly default: D;
  readonly help: string;
}

/** `list` splits at commas and gathers repetitions, `array` only gathers; `gates` are key=bool pairs, `map` key=value,
 * `pairs` key=value where keys and values have commas: one pair, or several as a line of CSV. */
export type FlagRow =
  | Row<'string', string>
  | Row<'bool', boolean>
  | Row<'int' | 'float', number>
  | Row<'duration', number>
  | Row<'list' | 'array', readonly string[]>
  | Row<'gates', readonly string[]>
  | Row<'map' | 'pairs', Readonly<Record<string, string>>>;

export type FlagTable = Readonly<Record<string, FlagRow>>;

interface Values {
  readonly string: string;
  readonly bool: boolean;
  readonly int: number;
  readonly float: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly list: readonly string[];
  readonly array: readonly string[];
  readonly gates: Readonly<Record<string, boolean>>;
  readonly map: Readonly<Record<string, string>>;
  readonly pairs: Readonly<Record<string, string>>;
}

export interface FlagValues<T extends FlagTable> {
  get<N extends keyof T & string>(name: N): Values[T[N]['type']];
  /** Was the flag given at all? */
  given(name: keyof T & string): boolean;
}

const trues: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const falses: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);
const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function parseBool(text: string): boolean {
  if (trues.has(text)) return true;
  if (falses.has(text)) return false;
  throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Go's duration text ("1h30m", "500ms") in milliseconds. Throws an Error with Go's words. */
export function parseGoDuration(text: string): number {
  if (/^[+-]?0$/.test(text)) return 0;
  const match = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text);
  if (match === null) {
    const missing = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text);
    throw new Error(`time: ${missing ? 'missing unit in' : 'invalid'} duration ${JSON.stringify(text)}`);
  }
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) total += Number(amount) * (units[unit] ?? 0);
  return match[1] === '-' ? -total : total;
}

function parseInteger(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function parseFloat64(text: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) throw new Error(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function parsePair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 0) throw new Error(`malformed pair, expect string=string`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** Where there is more than one `=`, pairs stand in quotes. */
function pairsOf(text: string): string[] {
  if (text.split('=').length === 2) return [text.replace(/^"+|"+$/g, '')];
  return [...text.matchAll(/"((?:[^"]|"")*)"|[^,]+/g)].map(([whole, quoted]) => quoted?.replaceAll('""', '"') ?? whole);
}

function splitPair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 0) throw new Error(`${text} must be formatted as key=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function splitList(text: string): string[] {
  return text === '' ? [] : text.split(',');
}

function parseGates(texts: readonly string[]): Record<string, boolean> {
  const gates: Record<string, boolean> = {};
  for (const text of texts.flatMap(splitList)) {
    const at = text.indexOf('=');
    if (at < 0) throw new Error(`missing bool value for ${text}`);
    const value = text.slice(at + 1).trim();
    if (!trues.has(value) && !falses.has(value)) throw new Error(`invalid value of ${text.slice(0, at).trim()}=${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
    gates[text.slice(0, at).trim()] = trues.has(value);
  }
  return gates;
}

/** The value of a flag from all the texts given for it. */
function valueOf(row: FlagRow, texts: readonly string[]): Values[keyof Values] {
  const last = texts.at(-1) ?? '';
  switch (row.type) {
    case 'string':
      return last;
    case 'bool':
      return parseBool(last);
    case 'int':
      return parseInteger(last);
    case 'float':
      return parseFloat64(last);
    case 'duration':
      return parseGoDuration(last);
    case 'list':
      return texts.flatMap(splitList);
    case 'array':
      return texts;
    case 'gates':
      return parseGates(texts);
    case 'map':
      return Object.fromEntries(texts.map(parsePair));
    case 'pairs':
      return Object.fromEntries(texts.flatMap(pairsOf).map(splitPair));
  }
}

/** The texts given for each flag. Throws UserError. */
function gather(table: FlagTable, args: readonly string[]): Map<string, string[]> {
  const given = new Map<string, string[]>();
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (!arg.startsWith('--') || arg === '--') throw new UserError(`unknown command ${JSON.stringify(arg)}`, 'flags begin with --; --help lists them');
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
    const row = table[name];
    if (row === undefined) throw new UserError(`unknown flag: --${name}`, '--help lists all flags');
    let text = equals < 0 ? undefined : arg.slice(equals + 1);
    if (text === undefined && row.type === 'bool') text = 'true';
    if (text === undefined) {
      text = args[++at];
      if (text === undefined) throw new UserError(`flag needs an argument: --${name}`, '--help lists all flags');
    }
    given.set(name, [...(given.get(name) ?? []), text]);
  }
  return given;
}

/**
 * Later sources win flag by flag over earlier ones, as a command line wins over a file.
 * Throws UserError with the words of upstream's programs.
 */
export function parseFlags<T extends FlagTable>(table: T, ...sources: readonly (readonly string[])[]): FlagValues<T> {
  const values = new Map<string, unknown>();
  for (const source of sources) {
    for (const [name, texts] of gather(table, source)) {
      const row = table[name];
      if (row === undefined) continue;
      try {
        values.set(name, valueOf(row, texts));
      } catch (error) {
        throw new UserError(`invalid argument ${JSON.stringify(texts.join(','))} for "--${name}" flag: ${error instanceof Error ? error.message : String(error)}`, '--help lists all flags', error);
      }
    }
  }
  return {
    // The table's row says the type of what `valueOf` has made of its texts.
    get: <N extends keyof T & string>(name: N) => (values.has(name) ? values.get(name) : defaultOf(table[name])) as Values[T[N]['type']],
    given: (name) => values.has(name),
  };
}

function defaultOf(row: FlagRow | undefined): unknown {
  return row?.type === 'gates' ? {} : row?.default;
}

/** The flags with their defaults, for --help. */
export function flagHelp(table: FlagTable): string {
  return Object.entries(table)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, row]) => {
      const shown = row.type === 'list' || row.type === 'array' || row.type === 'gates' ? row.default.join(',') : row.type === 'map' || row.type === 'pairs' ? '' : row.type === 'duration' ? `${row.default / 1000}s` : String(row.default);
      return `      --${name} ${row.type}\n                ${row.help}${shown === '' ? '' : ` (default ${shown})`}`;
    })
    .join('\n');
}
