// CEL's lexer: text to tokens, longest match first, with cel-go's messages for what no token begins with.
// Offsets are UTF-16 units into the text; lines and columns are counted only when a problem is shown.

export interface Token {
  /** A punctuation's or keyword's own text, or one of the classes below. */
  readonly kind: string;
  readonly text: string;
  readonly at: number;
}

export const classes = { float: 'NUM_FLOAT', int: 'NUM_INT', uint: 'NUM_UINT', string: 'STRING', bytes: 'BYTES', ident: 'IDENTIFIER', quoted: 'ESC_IDENTIFIER', end: '<EOF>' };

export interface LexicalProblem {
  readonly at: number;
  readonly message: string;
}

const keywords = new Set(['in', 'true', 'false', 'null']);
const punctuation = ['==', '!=', '<=', '>=', '&&', '||', '<', '>', '[', ']', '{', '}', '(', ')', '.', ',', '-', '!', '?', ':', '+', '*', '/', '%'];

const blank = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/y;
const float = /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y;
const integer = /(?:0x[0-9a-fA-F]+|\d+)/y;
const ident = /[A-Za-z_][A-Za-z0-9_]*/y;
const quoted = /`[A-Za-z0-9_.\-/ ]+`/y;
const escape = String.raw`\\(?:[abfnrtv"'\\?\x60]|[0-3][0-7]{2}|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})`;
const plainString = new RegExp(`"(?:${escape}|[^\\\\"\\n\\r])*"|'(?:${escape}|[^\\\\'\\n\\r])*'`, 'y');
const tripleString = new RegExp(`"""(?:${escape}|[^\\\\])*?"""|'''(?:${escape}|[^\\\\])*?'''`, 'y');
const rawString = /"""[^]*?"""|'''[^]*?'''|"[^"\n\r]*"|'[^'\n\r]*'/y;
/** How far the lexer gets into a string that never ends well. */
const brokenString = new RegExp(`"(?:${escape}|[^\\\\"\\n\\r])*|'(?:${escape}|[^\\\\'\\n\\r])*`, 'y');
const brokenEscape = /\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?/y;

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function stringAt(text: string, at: number): { kind: string; text: string } | undefined {
  const first = text[at] ?? '';
  const bytes = first === 'b' || first === 'B' ? 1 : 0;
  const marker = text[at + bytes] ?? '';
  const raw = marker === 'r' || marker === 'R' ? 1 : 0;
  const begin = at + bytes + raw;
  const quote = text[begin];
  if (quote !== '"' && quote !== "'") return undefined;
  const body = raw === 1 ? matchAt(rawString, text, begin) : matchAt(tripleString, text, begin) ?? matchAt(plainString, text, begin);
  if (body === undefined) return undefined;
  return { kind: bytes === 1 ? classes.bytes : classes.string, text: text.slice(at, begin) + body };
}

function numberAt(text: string, at: number): { kind: string; text: string } | undefined {
  const real = matchAt(float, text, at);
  if (real !== undefined) return { kind: classes.float, text: real };
  const whole = matchAt(integer, text, at);
  if (whole === undefined) return undefined;
  const suffix = text[at + whole.length];
  return suffix === 'u' || suffix === 'U' ? { kind: classes.uint, text: whole + suffix } : { kind: classes.int, text: whole };
}

function tokenAt(text: string, at: number): { kind: string; text: string } | undefined {
  const literal = stringAt(text, at) ?? numberAt(text, at);
  if (literal !== undefined) return literal;
  const name = matchAt(ident, text, at);
  if (name !== undefined) return { kind: keywords.has(name) ? name : classes.ident, text: name };
  const escaped = matchAt(quoted, text, at);
  if (escaped !== undefined) return { kind: classes.quoted, text: escaped };
  const mark = punctuation.find((candidate) => text.startsWith(candidate, at));
  return mark === undefined ? undefined : { kind: mark, text: mark };
}

/** The length of what the lexer swallows when no token begins here. */
function brokenLength(text: string, at: number): number {
  const swallowed = matchAt(brokenString, text, at);
  const first = text[at] ?? '';
  let length = swallowed === undefined ? 0 : swallowed.length;
  if (swallowed !== undefined) length += matchAt(brokenEscape, text, at + length)?.length ?? 0;
  else if ('&|=`'.includes(first)) length = first === '`' ? (/^`[A-Za-z0-9_.\-/ ]*/.exec(text.slice(at))?.[0].length ?? 1) : 1;
  const next = text.codePointAt(at + length);
  return next === undefined ? length : length + String.fromCodePoint(next).length;
}

function shown(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\t', '\\t').replaceAll('\r', '\\r');
}

/** Splits an expression; the last token is always the end. */
export function tokenize(text: string): { tokens: Token[]; problems: LexicalProblem[] } {
  const tokens: Token[] = [];
  const problems: LexicalProblem[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(blank, text, at)?.length ?? 0;
    if (at >= text.length) break;
    const token = tokenAt(text, at);
    if (token === undefined) {
      const length = brokenLength(text, at);
      problems.push({ at, message: `token recognition error at: '${shown(text.slice(at, at + length))}'` });
      at += length;
      continue;
    }
    tokens.push({ kind: token.kind, text: token.text, at });
    at += token.text.length;
  }
  tokens.push({ kind: classes.end, text: '<EOF>', at: text.length });
  return { tokens, problems };
}
