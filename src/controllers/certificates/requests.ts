// What a certificate request of each of Kubernetes' own signers must be: subject, names and usages. Pure. Upstream:
// pkg/apis/certificates/helpers.go, pkg/controller/certificates/signer.
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import { parseCsr, type ParsedCsr } from '#wire';

export const kubeletServing = 'kubernetes.io/kubelet-serving';
export const kubeletClient = 'kubernetes.io/kube-apiserver-client-kubelet';
export const apiServerClient = 'kubernetes.io/kube-apiserver-client';
export const legacyUnknown = 'kubernetes.io/legacy-unknown';

/** The PKCS #10 request; throws when it is none or its signature is bad. */
export function requestOf(csr: CertificateSigningRequest): ParsedCsr {
  return parseCsr(pemOf(csr));
}

export function pemOf(csr: CertificateSigningRequest): string {
  return Buffer.from(csr.spec.request, 'base64').toString('utf8');
}

function sameUsages(usages: readonly string[], ...wanted: readonly string[]): boolean {
  const has = new Set(usages);
  return has.size === wanted.length && wanted.every((usage) => has.has(usage));
}

/** Why the request is not fit for its signer; undefined when it is, or the signer asks for nothing. */
export function unfit(signerName: string, request: ParsedCsr, usages: readonly string[]): string | undefined {
  switch (signerName) {
    case kubeletServing:
      return unfitServing(request, usages);
    case kubeletClient:
      return unfitClient(request, usages);
    case apiServerClient: {
      const odd = usages.find((usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage));
      if (odd !== undefined) return `invalid usage for client certificate: ${odd}`;
      return usages.includes('client auth') ? undefined : 'missing required usage for client certificate: client auth';
    }
    default:
      return undefined;
  }
}

const isNodes = (request: ParsedCsr): boolean => request.organizations.length === 1 && request.organizations[0] === 'system:nodes';
const notNodes = 'subject organization is not system:nodes';
const notNode = 'subject common name does not begin with system:node:';

function unfitServing(request: ParsedCsr, usages: readonly string[]): string | undefined {
  if (!isNodes(request)) return notNodes;
  if (request.dnsNames.length + request.ipAddresses.length === 0) return 'DNS or IP subjectAltName is required';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!sameUsages(usages, 'digital signature', 'key encipherment', 'server auth') && !sameUsages(usages, 'digital signature', 'server auth')) return 'usages did not match [digital signature key encipherment server auth]';
  return request.commonName.startsWith('system:node:') ? undefined : notNode;
}

function unfitClient(request: ParsedCsr, usages: readonly string[]): string | undefined {
  if (!isNodes(request)) return notNodes;
  if (request.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (request.emailAddresses.length > 0) return 'Email subjectAltNames are not allowed';
  if (request.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  if (request.uris.length > 0) return 'URI subjectAltNames are not allowed';
  if (!request.commonName.startsWith('system:node:')) return notNode;
  const fits = sameUsages(usages, 'digital signature', 'key encipherment', 'client auth') || sameUsages(usages, 'digital signature', 'client auth');
  return fits ? undefined : 'usages did not match [client auth digital signature key encipherment]';
}
