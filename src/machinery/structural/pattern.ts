// The patterns of schemas: judged when a definition is written, by the thousand and with pauses, and run when an object is.
import type { JSONSchemaProps } from '#api/apiextensions/v1.ts';
import { compiledPattern, problemOf } from '../compiled-patterns.ts';
import type { Sliced } from '../slices.ts';
import { someSchema } from './schema.ts';

/** What is wrong with patterns that were asked for; undefined: nothing. A definition may have tens of thousands. */
const judged = new Map<string, string | undefined>();
/** As many as the largest definition has, and its former self. */
const mostJudgedCharacters = 8 * 1024 * 1024;
let judgedCharacters = 0;

/** Why it is no pattern; undefined when it is one. */
export function patternProblem(pattern: string): string | undefined {
  if (judged.has(pattern)) return judged.get(pattern);
  const problem = problemOf(pattern);
  judgedCharacters += pattern.length;
  if (judgedCharacters > mostJudgedCharacters) {
    judged.clear();
    judgedCharacters = pattern.length;
  }
  judged.set(pattern, problem);
  return problem;
}

/** Long patterns take longer; one with repetitions longer than it looks. */
const charactersPerSlice = 500;

/** Judges the patterns of schemas, with pauses: whoever asks for one of them after that is answered at once. */
export function* judgingPatterns(schemas: readonly JSONSchemaProps[]): Sliced<void> {
  const patterns = new Set<string>();
  const note = ({ pattern }: JSONSchemaProps): false => {
    if (pattern !== undefined && !judged.has(pattern)) patterns.add(pattern);
    return false;
  };
  for (const schema of schemas) someSchema(schema, note);
  let left = charactersPerSlice;
  for (const pattern of patterns) {
    patternProblem(pattern);
    left -= pattern.length;
    if (left > 0) continue;
    left = charactersPerSlice;
    yield;
  }
}

/** Is the pattern found in the text? A problem is told as text. */
export function matchesPattern(pattern: string, text: string): boolean | string {
  const result = compiledPattern(pattern);
  return typeof result === 'string' ? result : result.test(text);
}
