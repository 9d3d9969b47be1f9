// PodCertificateRequests (KEP-4317) as they are made: who asks for which pod, and the proof that he holds the key, either
// in an empty PKCS #10 request or, as the first version had it, as a signature of the pod's UID. The spec stays as it is.
import { constants, verify, type KeyObject } from 'node:crypto';
import type { PodCertificateRequest } from '#api/certificates/v1beta1.ts';
import { publicKeyOf, readCsr } from '#wire';
import { addAll, invalidValue, required, tooLong, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkSignerName } from '../core/fields.ts';
import { checkUserAnnotations, longestExpirationSeconds } from '../core/projected-volume.ts';
import { immutable, validateObjectMeta, validateObjectMetaUpdate } from '../meta/object-meta.ts';
import { kind } from '../validator.ts';

type Spec = Partial<PodCertificateRequest['spec']>;

const longestUid = 128;
const longestProof = 10 * 1024;
const leastExpirationSeconds = 3600;
export const requestPath = 'spec.stubPKCS10Request';
export const keyPath = 'spec.pkixPublicKey';
const proofPath = 'spec.proofOfPossession';

/** Go knows P-224 too, which nobody may use; of all others it cannot read the key. */
const curves: Readonly<Record<string, string>> = { secp224r1: 'P-224', prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** The key, if it is of a kind that can be read at all. */
export function readableKey(read: () => KeyObject): KeyObject | undefined {
  try {
    const key = read();
    const type = key.asymmetricKeyType ?? '';
    const isKnown = type === 'ec' ? (key.asymmetricKeyDetails?.namedCurve ?? '') in curves : ['rsa', 'ed25519', 'x25519', 'dsa'].includes(type);
    return isKnown ? key : undefined;
  } catch {
    return undefined;
  }
}

/** Without a value: the field is told, what it holds is not. */
export function problem(field: string, detail: string): FieldError {
  return { type: 'Invalid', field, detail };
}

/** What is wrong with the kind or the size of the key. */
function keyErrors(key: KeyObject, path: string, curvesTold: string, shown: string | undefined): FieldError[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519') return [];
  if (type === 'ec') {
    const curve = curves[details?.namedCurve ?? ''] ?? '';
    return curve === 'P-224' ? [invalidValue(path, `curve ${curve}`, `elliptic public keys must use curve ${curvesTold}`)] : [];
  }
  if (type === 'rsa') {
    const bits = Math.ceil((details?.modulusLength ?? 0) / 8) * 8;
    return bits === 3072 || bits === 4096 ? [] : [invalidValue(path, `${bits}-bit modulus`, 'RSA keys must have modulus size 3072 or 4096')];
  }
  const text = 'unknown public key type; supported types are Ed25519, ECDSA, and RSA';
  return [shown === undefined ? problem(path, text) : invalidValue(path, shown, text)];
}

function provesPossession(key: KeyObject, uid: string, proof: Buffer): boolean {
  const message = Buffer.from(uid);
  try {
    if (key.asymmetricKeyType === 'ed25519') return verify(null, message, key, proof);
    if (key.asymmetricKeyType === 'ec') return verify('sha256', message, key, proof);
    return verify('sha256', message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, proof);
  } catch {
    return false;
  }
}

function checkPublicKey({ pkixPublicKey = '', proofOfPossession = '', podUID = '' }: Spec): FieldError[] {
  const [key, proof] = [Buffer.from(pkixPublicKey, 'base64'), Buffer.from(proofOfPossession, 'base64')];
  if (key.length > longestProof) return [tooLong(keyPath, '', longestProof)];
  if (proof.length > longestProof) return [tooLong(proofPath, '', longestProof)];
  const read = readableKey(() => publicKeyOf(key));
  if (read === undefined) return [invalidValue(keyPath, pkixPublicKey, 'must be a valid PKIX-serialized public key')];
  const errors = keyErrors(read, keyPath, 'P256 or P384', pkixPublicKey);
  if (errors.length > 0) return errors;
  return provesPossession(read, podUID, proof) ? [] : [problem(proofPath, 'could not verify proof-of-possession signature')];
}

function checkStub(stub: string): FieldError[] {
  const bytes = Buffer.from(stub, 'base64');
  if (bytes.length > longestProof) return [tooLong(requestPath, '', longestProof)];
  let request: ReturnType<typeof readCsr> | undefined;
  const key = readableKey(() => (request = readCsr(bytes)).publicKey);
  if (request === undefined || key === undefined) return [problem(requestPath, 'must be a valid PKCS#10 CSR')];
  const errors = keyErrors(key, requestPath, 'P256, P384, or P521', undefined);
  if (errors.length > 0) return errors;
  try {
    if (request.verifies()) return [];
  } catch {
    // An algorithm that nobody knows proves nothing.
  }
  return [problem(requestPath, 'invalid signature')];
}

function checkUid(uid: string, path: string): FieldError[] {
  if (uid === '') return [invalidValue(path, uid, 'must not be empty')];
  return Buffer.byteLength(uid) > longestUid ? [tooLong(path, uid, longestUid)] : [];
}

function checkName(name: string, path: string): FieldError[] {
  return nameIsSubdomain(name, false).map((message) => invalidValue(path, name, message));
}

function checkRequest(request: PodCertificateRequest): FieldError[] {
  const spec: Spec = request.spec ?? {};
  const errors = validateObjectMeta(request.metadata, true, nameIsSubdomain);
  addAll(errors, checkSignerName(spec.signerName ?? '', 'spec.signerName'));
  addAll(errors, checkUserAnnotations(spec.unverifiedUserAnnotations ?? undefined, 'spec.unverifiedUserAnnotations'));
  errors.push(...checkName(spec.podName ?? '', 'spec.podName'), ...checkUid(spec.podUID ?? '', 'spec.podUID'));
  errors.push(...checkName(spec.serviceAccountName ?? '', 'spec.serviceAccountName'), ...checkUid(spec.serviceAccountUID ?? '', 'spec.serviceAccountUID'));
  errors.push(...checkName(spec.nodeName ?? '', 'spec.nodeName'), ...checkUid(spec.nodeUID ?? '', 'spec.nodeUID'));
  const secondsPath = 'spec.maxExpirationSeconds';
  const seconds = spec.maxExpirationSeconds ?? undefined;
  if (seconds === undefined) return [...errors, required(secondsPath, 'must be set')];
  const longest = longestExpirationSeconds(spec.signerName ?? '');
  if (seconds < leastExpirationSeconds || seconds > longest) errors.push(invalidValue(secondsPath, seconds, `must be in the range [${leastExpirationSeconds}, ${longest}]`));
  const [stub, key, proof] = [spec.stubPKCS10Request ?? '', spec.pkixPublicKey ?? '', spec.proofOfPossession ?? ''];
  if (stub !== '' && key === '' && proof === '') return [...errors, ...checkStub(stub)];
  if (stub === '' && key !== '' && proof !== '') return [...errors, ...checkPublicKey(spec)];
  return [...errors, problem('spec', 'exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set')];
}

/** What a status may say depends on the time: `podCertificateStatusErrors`, which the strategy asks. */
export const podCertificateRequest = kind<PodCertificateRequest>({
  create: checkRequest,
  update: (request, old) => [...validateObjectMetaUpdate(request.metadata, old.metadata), ...immutable(request.spec, old.spec, 'spec')],
  subresources: { status: (request, old) => validateObjectMetaUpdate(request.metadata, old.metadata) },
});
