// Reads a Dockerfile into instructions: comments, line continuations, JSON (exec) forms, flags and variable
// references. What it does not know it refuses with the line, never silently. Follows Docker's reference
// for the instructions listed below; here-documents and parser directives other than comments are not read.

export class DockerfileError extends Error {
  override name = 'DockerfileError';
  readonly line: number;
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

export type InstructionName =
  | 'FROM' | 'ARG' | 'ENV' | 'COPY' | 'ADD' | 'WORKDIR' | 'USER' | 'ENTRYPOINT' | 'CMD' | 'EXPOSE' | 'LABEL' | 'RUN' | 'VOLUME' | 'STOPSIGNAL' | 'SHELL';

const known = new Set<string>(['FROM', 'ARG', 'ENV', 'COPY', 'ADD', 'WORKDIR', 'USER', 'ENTRYPOINT', 'CMD', 'EXPOSE', 'LABEL', 'RUN', 'VOLUME', 'STOPSIGNAL', 'SHELL']);
const isKnown = (name: string): name is InstructionName => known.has(name);

export interface Instruction {
  readonly name: InstructionName;
  /** Where it starts, from 1. */
  readonly line: number;
  /** "--from=build" → from: "build". */
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the name and the flags, continuations joined. */
  readonly text: string;
  /** The JSON form, where the instruction was written so. */
  readonly json: readonly string[] | undefined;
}

function jsonForm(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every((item) => typeof item === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const flagPattern = /^--([a-z-]+)(?:=(\S*))?(?:\s+|$)/;
/** Other instructions have no flags: "CMD --port 80" is a command. */
const flagsOf: Partial<Record<InstructionName, readonly string[]>> = { FROM: [], COPY: ['from', 'chown', 'chmod', 'link'], ADD: ['chown', 'chmod', 'link'], RUN: [] };

function instruction(source: string, line: number): Instruction {
  const [, word = '', rest = ''] = /^\s*(\S+)\s*([\s\S]*)$/.exec(source) ?? [];
  const name = word.toUpperCase();
  if (!isKnown(name)) throw new DockerfileError(line, `unknown instruction: ${word}`);
  const flags: Record<string, string> = {};
  let text = rest.trim();
  for (let found = flagPattern.exec(text); found !== null && flagsOf[name] !== undefined; found = flagPattern.exec(text)) {
    const [whole, flag = '', value = 'true'] = found;
    if (flagsOf[name].includes(flag) !== true) throw new DockerfileError(line, `${name} does not know --${flag}`);
    flags[flag] = value;
    text = text.slice(whole.length);
  }
  if (text === '' && name !== 'CMD' && name !== 'ENTRYPOINT') throw new DockerfileError(line, `${name} requires at least one argument`);
  if (/(^|\s)<<-?['"]?\w+/.test(text) && (name === 'RUN' || name === 'COPY' || name === 'ADD')) throw new DockerfileError(line, 'here-documents are not supported');
  return { name, line, flags, text, json: jsonForm(text) };
}

/** Parses a whole file. At least one FROM must come before anything but ARG. */
export function parseDockerfile(text: string): Instruction[] {
  const instructions: Instruction[] = [];
  let pending = '';
  let start = 0;
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  lines.forEach((line, index) => {
    if (/^\s*#/.test(line) || (pending === '' && line.trim() === '')) return;
    if (pending === '') start = index + 1;
    if (/\\\s*$/.test(line) && index < lines.length - 1) {
      pending += line.replace(/\\\s*$/, '') + ' ';
      return;
    }
    instructions.push(instruction(pending + line, start));
    pending = '';
  });
  if (pending.trim() !== '') instructions.push(instruction(pending, start));
  const first = instructions.find((i) => i.name !== 'ARG');
  if (first === undefined) throw new DockerfileError(1, 'the file has no FROM');
  if (first.name !== 'FROM') throw new DockerfileError(first.line, `${first.name} before the first FROM`);
  return instructions;
}

/** Replaces $name, ${name}, ${name:-default} and ${name:+other}; `\$` stays a dollar sign. */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\\\$|\$(\w+)|\$\{(\w+)(?::([-+])([^}]*))?\}/g, (whole, plain?: string, braced?: string, operator?: string, word?: string) => {
    if (whole === '\\$') return '$';
    const value = variables.get(plain ?? braced ?? '') ?? '';
    if (operator === '-') return value === '' ? (word ?? '') : value;
    if (operator === '+') return value === '' ? '' : (word ?? '');
    return value;
  });
}

/** Splits into words at white space, honouring quotes and backslashes. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (quote === '' && /\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (c === '\\' && quote !== "'" && i + 1 < text.length) {
      word = (word ?? '') + text.charAt(++i);
    } else if (c === quote) {
      quote = '';
    } else if (quote === '' && (c === '"' || c === "'")) {
      quote = c;
      word ??= '';
    } else {
      word = (word ?? '') + c;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** The pairs of ENV, LABEL and ARG: "a=1 b='two words'", or ENV's old form "name the rest". */
export function keyValues(instruction: Instruction): [string, string | undefined][] {
  const words = splitWords(instruction.text);
  if (instruction.name !== 'ARG' && !(words[0] ?? '').includes('=')) {
    const [, name = '', value = ''] = /^(\S+)\s+([\s\S]*)$/.exec(instruction.text) ?? [];
    if (name === '') throw new DockerfileError(instruction.line, `${instruction.name} must be name=value`);
    return [[name, value.trim()]];
  }
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 0 && instruction.name !== 'ARG') throw new DockerfileError(instruction.line, `${instruction.name} must be name=value: ${word}`);
    return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
  });
}
