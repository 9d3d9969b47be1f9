// Users' regular expressions, run by RE2 in linear time; patterns met lately stay compiled.
import { RE2JS } from 're2js';
import { refuseDeep } from '../../../pattern-depth.ts';

const cacheLimit = 512;
/** Compiled they take some hundred times as much. */
const mostCharacters = 1024 * 1024;
let characters = 0;
const compiled = new Map<string, RE2JS>();

/** Throws an Error with RE2's text. */
export function compilePattern(pattern: string): RE2JS {
  let known = compiled.get(pattern);
  if (known === undefined) {
    refuseDeep(pattern);
    known = RE2JS.compile(pattern);
    characters += pattern.length;
    if (compiled.size >= cacheLimit || characters > mostCharacters) {
      compiled.clear();
      characters = pattern.length;
    }
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
