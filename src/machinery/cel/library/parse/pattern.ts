// The regular expressions of expressions: compiled, and what they find.
import type { RE2JS } from 're2js';
import { compiledPattern } from '../../../compiled-patterns.ts';

/** Throws an Error with RE2's text. */
export function compilePattern(pattern: string): RE2JS {
  const known = compiledPattern(pattern);
  if (typeof known === 'string') throw new Error(known);
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
