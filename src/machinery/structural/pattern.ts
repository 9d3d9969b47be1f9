// Patterns that users write, in Go's syntax and with its guarantee of linear time. Compiled once each; the cache is
// bounded because definitions come and go.
import { RE2JS } from 're2js';

const kept = 1000;
const compiled = new Map<string, RE2JS | string>();

function compile(pattern: string): RE2JS | string {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  let result: RE2JS | string;
  try {
    result = RE2JS.compile(pattern);
  } catch (error) {
    result = error instanceof Error ? error.message : String(error);
  }
  if (compiled.size >= kept) compiled.clear();
  compiled.set(pattern, result);
  return result;
}

/** Why it is no pattern; undefined when it is one. */
export function patternProblem(pattern: string): string | undefined {
  const result = compile(pattern);
  return typeof result === 'string' ? result : undefined;
}

/** Is the pattern found in the text? A problem is told as text. */
export function matchesPattern(pattern: string, text: string): boolean | string {
  const result = compile(pattern);
  return typeof result === 'string' ? result : result.matcher(text).find();
}
