// What happens to a CertificateSigningRequest: kubelets' client requests are approved when they may ask for them,
// approved ones of Kubernetes' signers are signed or failed, old ones are deleted. Pure. Upstream:
// pkg/controller/certificates.
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '#api/certificates/v1.ts';
import { parseTime, rfc3339 } from '#base/clock.ts';
import { isKeyUsage, parseCertificate, type KeyUsage, type ParsedCsr, type Validity } from '#wire';
import { apiServerClient, kubeletClient, kubeletServing, legacyUnknown, unfit } from './requests.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Certificates begin this much earlier, against clocks that are behind. */
const backdateMs = 5 * minuteMs;
const shortMs = 8 * hourMs;
const leastMs = 10 * minuteMs;

export function has(csr: CertificateSigningRequest, type: string): boolean {
  return csr.status?.conditions?.some((condition) => condition.type === type && condition.status !== 'False') === true;
}

export function isIssued(csr: CertificateSigningRequest): boolean {
  return (csr.status?.certificate ?? '') !== '';
}

export interface Claim {
  /** The subresource of certificatesigningrequests that the requester must be allowed to create. */
  readonly subresource: string;
  readonly message: string;
}

/** As what the request may be approved, best first; none when it is decided or of another kind. */
export function approvable(csr: CertificateSigningRequest, request: ParsedCsr): readonly Claim[] {
  if (csr.spec.signerName !== kubeletClient || unfit(kubeletClient, request, csr.spec.usages ?? []) !== undefined) return [];
  const asNode: Claim = { subresource: 'nodeclient', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' };
  const asSelf: Claim = { subresource: 'selfnodeclient', message: 'Auto approving self kubelet client certificate after SubjectAccessReview.' };
  return csr.spec.username === request.commonName ? [asSelf, asNode] : [asNode];
}

export function isDecided(csr: CertificateSigningRequest): boolean {
  return isIssued(csr) || has(csr, 'Approved') || has(csr, 'Denied');
}

export function withCondition(csr: CertificateSigningRequest, condition: CertificateSigningRequestCondition): CertificateSigningRequest {
  return { ...csr, status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] } };
}

const signers: ReadonlySet<string> = new Set([kubeletServing, kubeletClient, apiServerClient, legacyUnknown]);

/** Approved, not failed, not issued, and of a signer that is served here. */
export function isToSign(csr: CertificateSigningRequest): boolean {
  return signers.has(csr.spec.signerName) && has(csr, 'Approved') && !has(csr, 'Denied') && !has(csr, 'Failed') && !isIssued(csr);
}

/** The condition of a request that its signer refuses; undefined when it is fit. */
export function failure(csr: CertificateSigningRequest, request: ParsedCsr, nowMs: number): CertificateSigningRequestCondition | undefined {
  const why = unfit(csr.spec.signerName, request, csr.spec.usages ?? []);
  return why === undefined ? undefined : { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: why, lastUpdateTime: rfc3339(nowMs) };
}

export interface Terms extends Validity {
  readonly usages: readonly KeyUsage[];
}

/** For how long and for what the certificate is good; throws when the CA is over or a usage unknown. */
export function termsFor(csr: CertificateSigningRequest, caEndMs: number, longestMs: number, nowMs: number): Terms {
  const asked = csr.spec.expirationSeconds;
  const duration = asked === undefined || asked * 1000 > longestMs ? longestMs : Math.max(leastMs, asked * 1000);
  if (nowMs - backdateMs >= caEndMs) throw new Error(`the signer has expired: NotAfter=${rfc3339(caEndMs)}`);
  if (nowMs >= caEndMs) throw new Error(`refusing to sign a certificate that expired in the past: NotAfter=${rfc3339(caEndMs)}`);
  const usages = (csr.spec.usages ?? []).filter((usage) => isKeyUsage(usage));
  const unknown = (csr.spec.usages ?? []).filter((usage) => !isKeyUsage(usage));
  if (unknown.length > 0) throw new Error(`unrecognized usage values: [${unknown.map((usage) => JSON.stringify(usage)).join(' ')}]`);
  const end = nowMs + duration - (duration < shortMs ? 0 : backdateMs);
  return { notBeforeMs: nowMs - backdateMs, notAfterMs: Math.min(end, caEndMs), usages };
}

/** True when the request has been kept long enough. */
export function isOutdated(csr: CertificateSigningRequest, nowMs: number): boolean {
  const older = (text: string | undefined, ageMs: number): boolean => text !== undefined && nowMs - parseTime(text) > ageMs;
  const since = (type: string): string | undefined => csr.status?.conditions?.find((condition) => condition.type === type)?.lastUpdateTime;
  const conditions = csr.status?.conditions ?? [];
  if (conditions.length === 0 && older(csr.metadata?.creationTimestamp, 24 * hourMs)) return true;
  if (older(since('Denied'), hourMs) || older(since('Failed'), hourMs)) return true;
  if (!isIssued(csr)) return older(since('Approved'), 24 * hourMs);
  return older(since('Approved'), hourMs) || (conditions.some((condition) => condition.type === 'Approved') && isExpired(csr, nowMs));
}

function isExpired(csr: CertificateSigningRequest, nowMs: number): boolean {
  try {
    return parseCertificate(Buffer.from(csr.status?.certificate ?? '', 'base64').toString('utf8')).notAfterMs < nowMs;
  } catch {
    return false;
  }
}
