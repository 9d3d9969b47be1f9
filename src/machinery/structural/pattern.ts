// Patterns that users write, in Go's syntax and with its guarantee of linear time. Compiled once each; the cache is
// bounded because definitions come and go.
import { RE2JS } from 're2js';
import type { JSONSchemaProps } from '#api/apiextensions/v1.ts';
import { refuseDeep } from '../pattern-depth.ts';
import type { Sliced } from '../slices.ts';
import { someSchema } from './schema.ts';

const kept = 1000;
/** Compiled they take some hundred times as much. */
const mostCompiledCharacters = 1024 * 1024;
let compiledCharacters = 0;
const compiled = new Map<string, RE2JS | string>();

function compile(pattern: string): RE2JS | string {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  let result: RE2JS | string;
  try {
    refuseDeep(pattern);
    result = RE2JS.compile(pattern);
  } catch (error) {
    result = messageOf(error);
  }
  compiledCharacters += pattern.length;
  if (compiled.size >= kept || compiledCharacters > mostCompiledCharacters) {
    compiled.clear();
    compiledCharacters = pattern.length;
  }
  compiled.set(pattern, result);
  return result;
}

/** What is wrong with patterns that were asked for; undefined: nothing. A definition may have tens of thousands. */
const judged = new Map<string, string | undefined>();
/** As many as the largest definition has, and its former self. */
const mostJudgedCharacters = 8 * 1024 * 1024;
let judgedCharacters = 0;

/** Why it is no pattern; undefined when it is one. */
export function patternProblem(pattern: string): string | undefined {
  if (judged.has(pattern)) return judged.get(pattern);
  let problem: string | undefined;
  try {
    refuseDeep(pattern);
    RE2JS.compile(pattern);
  } catch (error) {
    problem = messageOf(error);
  }
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Is the pattern found in the text? A problem is told as text. */
export function matchesPattern(pattern: string, text: string): boolean | string {
  const result = compile(pattern);
  return typeof result === 'string' ? result : result.test(text);
}
