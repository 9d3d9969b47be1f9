// The status of PodCertificateRequests (KEP-4317): it is written once, as issued, denied or failed. An issued chain is
// for the key that was asked for, and the times in the status are those of its leaf, since kubelets plan by them.
import { X509Certificate, type KeyObject } from 'node:crypto';
import type { PodCertificateRequest } from '#api/certificates/v1beta1.ts';
import { parseTime } from '#base/clock.ts';
import { parseCertificate, publicKeyOf, readCsr, type ParsedCertificate } from '#wire';
import { addAll, invalidValue, notSupported, required, tooLong, type FieldError } from '../../field-errors.ts';
import { validateConditions } from '../meta/conditions.ts';
import { sameValue } from '../meta/object-meta.ts';
import { pemWalk, type PemBlock } from './pem.ts';
import { keyPath, problem, readableKey, requestPath } from './pod-request.ts';

const ends = ['Issued', 'Denied', 'Failed'];
const chainPath = 'status.certificateChain';
const longestChain = 100 * 1024;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function has(request: PodCertificateRequest, type: string): boolean {
  return request.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
}

function checkConditions(request: PodCertificateRequest): FieldError[] {
  const errors: FieldError[] = [];
  let known = 0;
  for (const [i, { type, status }] of (request.status?.conditions ?? []).entries()) {
    const at = `status.conditions.[${i}]`;
    if (!ends.includes(type)) {
      errors.push(notSupported(`${at}.type`, type, ends));
      continue;
    }
    if (++known > 1) errors.push(invalidValue(`${at}.type`, type, 'There may be at most one condition with type "Issued", "Denied", or "Failed"'));
    if (status !== 'True') errors.push(notSupported(`${at}.status`, status, ['True']));
  }
  addAll(errors, validateConditions(request.status?.conditions, 'status.conditions'));
  return errors;
}

/** An address as it may stand in a certificate: an addr-spec of RFC 5322, alone or after a name in angle brackets. */
function isMailAddress(text: string): boolean {
  const address = /^[^<>]*<([^<>]+)>$/.exec(text)?.[1] ?? text;
  const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\uffff-]+";
  return address.length <= 1000 && new RegExp(`^\\s*(?:${atom}(?:\\.${atom})*|"(?:[^"\\\\]|\\\\.)*")@(?:${atom}(?:\\.${atom})*|\\[[^\\[\\]]*\\])\\s*$`).test(address);
}

function nameErrors(leaf: ParsedCertificate): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of leaf.dnsNames) {
    if (name === '') errors.push(invalidValue(chainPath, name, 'leaf certificate should not contain empty DNSName'));
    if (name.includes('..')) errors.push(invalidValue(chainPath, name, "leaf certificate's DNSName should not contain '..'"));
    if (name.startsWith('.') || name.endsWith('.')) errors.push(invalidValue(chainPath, name, "leaf certificate's DNSName should not start or end with '.'"));
  }
  for (const address of leaf.emailAddresses) if (!isMailAddress(address)) errors.push(invalidValue(chainPath, address, 'leaf certificate should not contain invalid EmailAddress'));
  return errors;
}

function parsed(block: PemBlock): ParsedCertificate | undefined {
  try {
    return parseCertificate(block.bytes);
  } catch {
    return undefined;
  }
}

/** The key that was asked for, or what is wrong with it. */
function wantedKey({ spec }: PodCertificateRequest): KeyObject | FieldError {
  const stub = spec.stubPKCS10Request ?? '';
  if (stub !== '') return readableKey(() => readCsr(Buffer.from(stub, 'base64')).publicKey) ?? problem(requestPath, 'must be a valid PKCS#10 CSR');
  return readableKey(() => publicKeyOf(Buffer.from(spec.pkixPublicKey ?? '', 'base64'))) ?? problem(keyPath, 'must be a valid PKIX-serialized public key');
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

const [beforePath, afterPath, refreshPath] = ['status.notBefore', 'status.notAfter', 'status.beginRefreshAt'] as const;

function missingTimes({ status }: PodCertificateRequest): FieldError[] {
  const consistent = 'must be present and consistent with the issued certificate';
  return [
    ...(status?.notBefore ? [] : [required(beforePath, consistent)]),
    ...(status?.notAfter ? [] : [required(afterPath, consistent)]),
    ...(status?.beginRefreshAt ? [] : [required(refreshPath, 'must be present and in the range [notbefore+10min, notafter-10min]')]),
  ];
}

function timeErrors(request: PodCertificateRequest, leaf: ParsedCertificate, nowMs: number): FieldError[] {
  const { notBefore, notAfter, beginRefreshAt } = request.status ?? {};
  const [from, to, refresh] = [parseTime(notBefore), parseTime(notAfter), parseTime(beginRefreshAt)];
  if (from !== leaf.notBeforeMs) return [invalidValue(beforePath, notBefore, 'must be set to the NotBefore time encoded in the leaf certificate')];
  if (Math.abs(from - nowMs) >= 5 * minuteMs) return [invalidValue(beforePath, notBefore, "must be set to within 5 minutes of kube-apiserver's current time")];
  if (to !== leaf.notAfterMs) return [invalidValue(afterPath, notAfter, 'must be set to the NotAfter time encoded in the leaf certificate')];
  const lifetimeMs = to - from;
  const longest = request.spec.maxExpirationSeconds ?? 0;
  // Durations are shown in nanoseconds.
  if (lifetimeMs < hourMs) return [invalidValue(chainPath, lifetimeMs * 1e6, 'leaf certificate lifetime must be >= 1 hour')];
  if (lifetimeMs > longest * 1000) return [invalidValue(chainPath, lifetimeMs * 1e6, `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${longest})`)];
  if (refresh < from + 10 * minuteMs) return [invalidValue(refreshPath, beginRefreshAt, 'must be at least 10 minutes after status.notBefore')];
  if (refresh > to - 10 * minuteMs) return [invalidValue(refreshPath, beginRefreshAt, 'must be at least 10 minutes before status.notAfter')];
  return [];
}

function checkIssued(request: PodCertificateRequest, old: PodCertificateRequest, nowMs: number): FieldError[] {
  const chain = request.status?.certificateChain ?? '';
  if (Buffer.byteLength(chain) > longestChain) return [tooLong(chainPath, '', longestChain)];
  const [first, ...rest] = pemWalk(chain);
  const refused = (detail: string): FieldError[] => [invalidValue(chainPath, chain, detail)];
  if (first === undefined) return refused('issued certificate chain must contain at least one certificate');
  if (first.label !== 'CERTIFICATE') return refused('issued certificate chain must consist entirely of CERTIFICATE PEM blocks');
  const leaf = parsed(first);
  if (leaf === undefined) return refused('leaf certificate does not parse as valid X.509');
  const errors = nameErrors(leaf);
  const wanted = wantedKey(old);
  if ('detail' in wanted) return [...errors, wanted];
  if (!spki(wanted).equals(spki(new X509Certificate(leaf.der).publicKey))) return [...errors, ...refused('leaf certificate was not issued to the requested public key')];
  addAll(errors, missingTimes(request));
  if (errors.length > 0) return errors;
  const atOdds = timeErrors(request, leaf, nowMs);
  if (atOdds.length > 0) return atOdds;
  for (const block of rest) {
    // The spelling is upstream's.
    if (block.label !== 'CERTIFICATE') return refused('issued certificate chain must consist entirely of CERTFICATE PEM blocks');
    if (parsed(block) === undefined) return refused('intermediate certificate does not parse as valid X.509');
  }
  return [];
}

/** What is wrong with a write of the status, at the server's time. */
export function podCertificateStatusErrors(request: PodCertificateRequest, old: PodCertificateRequest, nowMs: number): FieldError[] {
  const errors = checkConditions(request);
  if (errors.length > 0) return errors;
  if (ends.some((type) => has(old, type))) return sameValue(request.status, old.status) ? [] : [problem('status', 'immutable after PodCertificateRequest is issued, denied, or failed')];
  if (has(request, 'Denied') || has(request, 'Failed')) {
    const { conditions: _, ...others } = request.status ?? {};
    return sameValue(others, {}) ? [] : [problem('status', 'non-condition status fields must be empty when denying or failing the PodCertificateRequest')];
  }
  if (has(request, 'Issued')) return checkIssued(request, old, nowMs);
  return sameValue(request.status, old.status) ? [] : [problem('status', 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"')];
}
