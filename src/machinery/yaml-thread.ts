// Large YAML is parsed and written by a thread of its own: neither can be interrupted, and a megabyte that was written
// to hurt takes the parser seconds. The thread hands back JSON, which reads fast, and takes JSON to write; it is started when first needed, does one
// text at a time, is ended when one takes too long, and ends when it has been idle for a while. Its entry is this
// very module, so that it works from sources and from a bundle alike.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { systemClock, type Timer } from '#base/clock.ts';
import type { ParsedJson } from './json-parse.ts';
import { parseJson, parsePlain, parsingJson, stringifyJson, type ParseJsonOptions } from './json.ts';
import { inSlices, turn } from './slices.ts';
import { parseYamlStrictly, stringifyYaml, YamlError, type ParsedYaml } from './yaml.ts';
import { tooManyRequests } from './status.ts';

const role = 'skiff yaml';
const longestMs = 10_000;
const idleMs = 5_000;
const mostWaiting = 64;
const maxDepth = 1000;

type Reply = { readonly text: string; readonly duplicates: string | undefined } | { readonly error: string };

/** What the thread is asked for: to read YAML, or to write as YAML what is JSON. */
interface Question {
  readonly text: string;
  readonly write: boolean;
}

interface Job extends Question {
  resolve(reply: Reply): void;
}

const waiting: Job[] = [];
let worker: Worker | undefined;
let current: Job | undefined;
let timer: Timer | undefined;

/** One document, as parseYamlStrictly reads it. Throws YamlError, and TooManyValuesError beyond `maxValues`. */
export async function parseYamlAside(bytes: Uint8Array, maxValues?: number): Promise<ParsedYaml> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const limits = { maxDepth, ...(maxValues === undefined ? {} : { maxValues }) };
  // JSON is YAML, and most of what comes as YAML is JSON.
  if (/^\s*\{/.test(text)) {
    const json = await readJson(bytes, text, limits);
    if (json?.duplicates.length === 0) return { value: json.value, duplicates: undefined };
  }
  const reply = await inThread({ text, write: false });
  if ('error' in reply) throw new YamlError(reply.error);
  const { value } = await inSlices(parsingJson(reply.text, limits));
  return { value, duplicates: reply.duplicates };
}

/** Values whose JSON is shorter are written at once. */
const quickLength = 16 * 1024;

/** As stringifyYaml, large values by the thread. Throws 429 while too much waits for it. */
export function stringifyYamlAside(value: unknown): Promise<string> | string {
  const text = stringifyJson(value);
  return text.length <= quickLength ? stringifyYaml(value) : written(text);
}

async function written(text: string): Promise<string> {
  const reply = await inThread({ text, write: true });
  if ('error' in reply) throw tooManyRequests(reply.error, 1);
  return reply.text;
}

/** undefined where it is none. Throws what is told of JSON with too much in it. */
async function readJson(bytes: Uint8Array, text: string, limits: ParseJsonOptions): Promise<ParsedJson | undefined> {
  try {
    return await inSlices(parsingJson(bytes, limits));
  } catch (error) {
    await turn();
    if (isJson(text)) throw error;
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    parsePlain(text);
    return true;
  } catch {
    return false;
  }
}

function inThread(question: Question): Promise<Reply> {
  if (waiting.length >= mostWaiting) return Promise.resolve({ error: `yaml: too many documents wait to be ${question.write ? 'written' : 'read'}` });
  return new Promise((resolve) => {
    waiting.push({ ...question, resolve });
    next();
  });
}

function next(): void {
  if (current !== undefined) return;
  timer?.cancel();
  current = waiting.shift();
  if (current === undefined) {
    timer = systemClock.after(idleMs, stop, { background: true });
    return;
  }
  worker ??= start();
  worker.postMessage({ text: current.text, write: current.write } satisfies Question);
  timer = systemClock.after(longestMs, stop, { background: true });
}

function start(): Worker {
  const made = new Worker(new URL(import.meta.url), { workerData: role, argv: [], execArgv: process.execArgv.filter((arg) => arg.startsWith('--disable-warning')), resourceLimits: { maxOldGenerationSizeMb: 256 } });
  made.unref();
  made.on('message', finish);
  made.on('error', () => {});
  made.once('exit', () => {
    if (worker !== made) return;
    worker = undefined;
    finish({ error: 'yaml: document takes too much time or memory' });
  });
  return made;
}

function stop(): void {
  void worker?.terminate();
}

function finish(reply: Reply): void {
  const done = current;
  current = undefined;
  done?.resolve(reply);
  next();
}

function read(text: string): Reply {
  try {
    const { value, duplicates } = parseYamlStrictly(text);
    return { text: stringifyJson(value), duplicates };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function write(text: string): Reply {
  try {
    return { text: stringifyYaml(parseJson(text).value), duplicates: undefined };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

if (!isMainThread && workerData === role) parentPort?.on('message', (question: Question) => parentPort?.postMessage(question.write ? write(question.text) : read(question.text)));
