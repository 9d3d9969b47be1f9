// What an HTTP refusal says: the Status object of a Kubernetes server, or one made up from the bare status
// code when something else answered, with the reasons that upstream clients derive.
import { StatusError } from '#machinery';
import type { Status } from '#api/meta/v1.ts';

export { StatusError };

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A Status for an answer that carried none. The body's beginning is kept for the reader. */
export function statusFromHttp(method: string, path: string, code: number, body: string): Status {
  const shown = body.trim().slice(0, 2048);
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `the server answered ${method} ${path.split('?', 1)[0]} with ${code}${shown === '' ? '' : `: ${shown}`}`,
    reason: reasons[code] ?? (code >= 500 ? 'InternalError' : 'Unknown'),
    code,
  };
}
