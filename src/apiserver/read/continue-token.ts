// Continue tokens of chunked lists, in upstream's form: base64url of {"v":"meta.k8s.io/v1","rv":…,"start":…},
// where start is the first key of the next chunk relative to the list's prefix. A revision of -1 means
// "whatever is current": the inconsistent continuation offered when the list's revision has expired.
import { errorText } from '#base/errors.ts';
import { badRequest, isObject, parseJson } from '#machinery';
import { keyOfText, textOfKey } from '../registry/storage-layout.ts';

const version = 'meta.k8s.io/v1';

export interface Continuation {
  /** The list's revision, -1 for the current one. */
  readonly revision: number;
  /** First key of the next chunk, relative to the list's prefix. */
  readonly start: string;
}

export function encodeContinue(continuation: Continuation): string {
  return Buffer.from(JSON.stringify({ v: version, rv: continuation.revision, start: textOfKey(continuation.start) })).toString('base64url');
}

/** Throws StatusError 400. */
export function decodeContinue(token: string): Continuation {
  const value = parse(token);
  if (value.v !== version) throw badRequest(`invalid continue token: continue key is not valid: server does not recognize this encoded version ${String(value.v ?? '')}`);
  if (typeof value.rv !== 'number' || value.rv === 0) throw badRequest('invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof value.start !== 'string' || value.start === '') throw badRequest('invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  const steps = value.start.replace(/^\//, '').split('/');
  if (steps.some((step) => step === '' || step === '.' || step === '..')) throw badRequest(`invalid continue token: continue key is not valid: ${value.start}`);
  return { revision: value.rv, start: keyOfText(steps.join('/')) };
}

function bad(reason: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${reason}`);
}

const alphabet = /^[\w-]$/;

/** Base64url without padding, and where it is none as Go's decoder says it. */
function decoded(token: string): string {
  const text = token.replace(/[\r\n]/g, '');
  const wrong = [...token].findIndex((letter) => !alphabet.test(letter) && letter !== '\r' && letter !== '\n');
  if (wrong >= 0) throw bad(`illegal base64 data at input byte ${Buffer.byteLength([...token].slice(0, wrong).join(''))}`);
  if (text.length % 4 === 1) throw bad(`illegal base64 data at input byte ${token.length - 1}`);
  return Buffer.from(text, 'base64url').toString();
}

const members = { v: 'string', rv: 'int64', start: 'string' } as const;

function parse(token: string): { v?: unknown; rv?: unknown; start?: unknown } {
  const text = decoded(token);
  let value: unknown;
  try {
    ({ value } = parseJson(Buffer.from(text)));
  } catch (error) {
    throw bad(errorText(error));
  }
  if (value === null) return {};
  if (!isObject(value)) throw bad(`json: cannot unmarshal ${goJsonName(value)} into Go value of type storage.continueToken`);
  for (const [name, type] of Object.entries(members)) {
    const own = value[name];
    if (own === undefined || own === null) continue;
    const fits = type === 'string' ? typeof own === 'string' : Number.isSafeInteger(own);
    if (!fits) throw bad(`json: cannot unmarshal ${goJsonName(own)} into Go struct field continueToken.${name} of type ${type}`);
  }
  return value;
}

function goJsonName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' && !Number.isInteger(value) ? `number ${value}` : typeof value;
}
