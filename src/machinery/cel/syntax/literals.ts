// The values of literal tokens: escapes, raw and triple-quoted strings, bytes, and numbers within their ranges.
// Every function throws a LiteralProblem with cel-go's message for what does not fit.
import { maxInt, maxUint, minInt } from '../types/values.ts';

export class LiteralProblem extends Error {}

const simple: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** A string token without its prefix, quotes taken off. */
function body(token: string): { text: string; raw: boolean } {
  const normal = token.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const raw = normal.startsWith('r') || normal.startsWith('R');
  const rest = raw ? normal.slice(1) : normal;
  const triple = rest.length >= 6 && (rest.startsWith('"""') || rest.startsWith("'''"));
  return { text: triple ? rest.slice(3, -3) : rest.slice(1, -1), raw };
}

function codePoint(digits: string, radix: number): string {
  const value = Number.parseInt(digits, radix);
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) throw new LiteralProblem('invalid unicode code point');
  return String.fromCodePoint(value);
}

const escapes = /\\(?:([xX])([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([^]))/g;

export function stringValue(token: string): string {
  const { text, raw } = body(token);
  if (raw || !text.includes('\\')) return text;
  return text.replace(escapes, (_all, x: string | undefined, hex: string, u: string | undefined, wide: string | undefined, octal: string | undefined, other: string) => {
    if (x !== undefined) return codePoint(hex, 16);
    if (u !== undefined) return codePoint(u, 16);
    if (wide !== undefined) return codePoint(wide, 16);
    if (octal !== undefined) return codePoint(octal, 8);
    return simple[other] ?? other;
  });
}

const utf8 = new TextEncoder();

export function bytesValue(token: string): Uint8Array {
  const { text, raw } = body(token.slice(1));
  if (raw || !text.includes('\\')) return utf8.encode(text);
  const parts: number[] = [];
  let done = 0;
  for (const match of text.matchAll(escapes)) {
    parts.push(...utf8.encode(text.slice(done, match.index)));
    const [all, x, hex = '', u, wide, octal, other = ''] = match;
    if (u !== undefined || wide !== undefined) throw new LiteralProblem('unable to unescape string');
    if (x !== undefined) parts.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) parts.push(Number.parseInt(octal, 8) & 0xff);
    else parts.push(...utf8.encode(simple[other] ?? other));
    done = match.index + all.length;
  }
  parts.push(...utf8.encode(text.slice(done)));
  return Uint8Array.from(parts);
}

export function intValue(token: string, negative: boolean): bigint {
  const value = negative ? -BigInt(token) : BigInt(token);
  if (value < minInt || value > maxInt) throw new LiteralProblem('invalid int literal');
  return value;
}

export function uintValue(token: string): bigint {
  const value = BigInt(token.slice(0, -1));
  if (value > maxUint) throw new LiteralProblem('invalid uint literal');
  return value;
}

export function doubleValue(token: string, negative: boolean): number {
  const value = Number(token);
  if (!Number.isFinite(value)) throw new LiteralProblem('invalid double literal');
  return negative ? -value : value;
}
