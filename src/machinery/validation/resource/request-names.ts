// The names of a claim's requests and of the alternatives inside them, and references to them ("request" or
// "request/alternative").
import type { DeviceClaim } from '#api/resource/v1.ts';
import { invalidValue, type FieldError } from '../../field-errors.ts';
import { checkLabel1123 } from '../core/fields.ts';

/** Request → its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export function requestNames(claim: DeviceClaim | undefined): RequestNames {
  return new Map((claim?.requests ?? []).map((request) => [request.name ?? '', new Set((request.firstAvailable ?? []).map((sub) => sub.name ?? ''))]));
}

const detail = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

export function checkRequestReference(name: string, path: string, known: RequestNames): FieldError[] {
  const segments = name.split('/');
  if (segments.length > 2) return [invalidValue(path, name, detail)];
  const errors = segments.flatMap((segment) => checkLabel1123(segment, path));
  const [request = '', alternative] = segments;
  const alternatives = known.get(request);
  const isKnown = alternatives !== undefined && (alternative === undefined || alternatives.has(alternative));
  if (!isKnown) errors.push(invalidValue(path, name, detail));
  return errors;
}
