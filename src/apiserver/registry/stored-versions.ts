// An object that the store holds in another version than the one that is stored now, as an older server or upstream
// wrote it: converted where both versions are known, refused in upstream's words where the version is of no meaning any
// more. Never taken for what it is not.
import { applyDefaults, decodeObject, goQuote, parseApiVersion, StatusError, stringifyJson, typeOfGvk } from '#machinery';
import { findKind } from '#api/resources.ts';
import type { KubeObject } from '../contract.ts';
import { convert } from './conversions.ts';
import { fromFormerVersion } from './former-versions.ts';

interface TypeMeta {
  readonly kind: string;
  readonly apiVersion: string;
}

/** What a read of an object answers whose version nobody knows. */
function unknownVersion(apiVersion: string, kind: string): StatusError {
  const message = `no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)} in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"`;
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

function typeOf({ apiVersion, kind }: TypeMeta): string | undefined {
  const { group, version } = parseApiVersion(apiVersion);
  return typeOfGvk(group, version, kind);
}

/** What another program wrote: in the version that is stored, and with the defaults that every read gives it. Throws when there is no way from its version. */
export function asReadToday(head: TypeMeta, object: KubeObject): KubeObject {
  const type = typeOf(head);
  const converted = inStoredVersion(head, object);
  if (type === undefined) return converted;
  const read = converted === object ? decodeObject(Buffer.from(stringifyJson(object)), { type, fieldValidation: 'Ignore' }).object : converted;
  applyDefaults(type, read);
  return read;
}

function inStoredVersion(head: TypeMeta, object: KubeObject): KubeObject {
  const { apiVersion = head.apiVersion, kind = head.kind } = object;
  if (apiVersion === head.apiVersion && kind === head.kind) return object;
  const to = typeOf(head);
  const { group, version } = parseApiVersion(apiVersion);
  const from = findKind(group, version, kind)?.type;
  const former = fromFormerVersion(apiVersion, kind);
  if (to === undefined || kind !== head.kind || (former === undefined && from === undefined)) throw unknownVersion(apiVersion, kind);
  const converted = former !== undefined ? former(object) : convert(from ?? to, to, object);
  const text = stringifyJson({ ...converted, kind: head.kind, apiVersion: head.apiVersion });
  return decodeObject(Buffer.from(text), { type: to, fieldValidation: 'Ignore' }).object;
}
