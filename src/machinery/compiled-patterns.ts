// Patterns that users write, in schemas and in expressions: in Go's syntax and with its guarantee of linear time, by RE2.
// Those met lately stay compiled, and what is wrong with the others known. Bounded in number and in length, because
// definitions and policies come and go.
import { RE2JS } from 're2js';
import { refuseDeep } from './pattern-depth.ts';

/** Those of schemas and of expressions. */
const kept = 1500;
/** Compiled they take some hundred times as much. */
const mostCharacters = 1024 * 1024;
let characters = 0;
const compiled = new Map<string, RE2JS | string>();

/** The pattern, compiled; or why it is none. */
export function compiledPattern(pattern: string): RE2JS | string {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const result = compile(pattern);
  characters += pattern.length;
  if (compiled.size >= kept || characters > mostCharacters) {
    compiled.clear();
    characters = pattern.length;
  }
  compiled.set(pattern, result);
  return result;
}

/** As compiledPattern, of one that is not run: it is not kept. */
export function problemOf(pattern: string): string | undefined {
  const result = compile(pattern);
  return typeof result === 'string' ? result : undefined;
}

function compile(pattern: string): RE2JS | string {
  try {
    refuseDeep(pattern);
    return RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
