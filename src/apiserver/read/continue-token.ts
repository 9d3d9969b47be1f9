// Continue tokens of chunked lists, in upstream's form: base64url of {"v":"meta.k8s.io/v1","rv":…,"start":…},
// where start is the first key of the next chunk relative to the list's prefix. A revision of -1 means
// "whatever is current": the inconsistent continuation offered when the list's revision has expired.
import { badRequest } from '#machinery';

const version = 'meta.k8s.io/v1';

export interface Continuation {
  /** The list's revision, -1 for the current one. */
  readonly revision: number;
  /** First key of the next chunk, relative to the list's prefix. */
  readonly start: string;
}

export function encodeContinue(continuation: Continuation): string {
  return Buffer.from(JSON.stringify({ v: version, rv: continuation.revision, start: continuation.start })).toString('base64url');
}

/** Throws StatusError 400. */
export function decodeContinue(token: string): Continuation {
  const value = parse(token);
  if (value.v !== version) throw badRequest(`invalid continue token: continue key is not valid: server does not recognize this encoded version ${String(value.v ?? '')}`);
  if (typeof value.rv !== 'number' || value.rv === 0) throw badRequest('invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof value.start !== 'string' || value.start === '') throw badRequest('invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)');
  const steps = value.start.replace(/^\//, '').split('/');
  if (steps.some((step) => step === '' || step === '.' || step === '..')) throw badRequest(`invalid continue token: continue key is not valid: ${value.start}`);
  return { revision: value.rv, start: steps.join('/') };
}

function parse(token: string): { v?: unknown; rv?: unknown; start?: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below like every other bad token.
  }
  throw badRequest('invalid continue token: continue key is not valid: illegal base64 data or JSON');
}
