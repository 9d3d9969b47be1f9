// Users' regular expressions, run by RE2 in linear time; patterns met lately stay compiled.
import { RE2JS } from 're2js';

const cacheLimit = 512;
const compiled = new Map<string, RE2JS>();

/** Throws an Error with RE2's text. */
export function compilePattern(pattern: string): RE2JS {
  let known = compiled.get(pattern);
  if (known === undefined) {
    known = RE2JS.compile(pattern);
    if (compiled.size >= cacheLimit) compiled.clear();
    compiled.set(pattern, known);
  }
  return known;
}

/** The first match, '' without one. */
export function findFirst(pattern: RE2JS, text: string): string {
  const matcher = pattern.matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

/** At most `limit` matches that do not overlap, all when negative. An empty match right behind a match does not count. */
export function findAll(pattern: RE2JS, text: string, limit: number): string[] {
  const found: string[] = [];
  const matcher = pattern.matcher(text);
  let previousEnd = -1;
  while ((limit < 0 || found.length < limit) && matcher.find()) {
    const match = matcher.group() ?? '';
    if (match !== '' || matcher.start() !== previousEnd) found.push(match);
    previousEnd = matcher.end();
  }
  return found;
}
