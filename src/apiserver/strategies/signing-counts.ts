// Whether signers heed the lifetime that a CertificateSigningRequest asks for, counted when the certificate is written, as
// upstream does. Signers of others are one row: their names are the users' to choose.
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import type { Metrics } from '#base/metrics.ts';
import { parseCertificate } from '#wire';
import type { Stored } from '../registry/strategy.ts';

/** Asking again gives the same counters. */
export function signingCounts(metrics: Metrics) {
  const which = 'sliced by signer (only kubernetes.io signer names are specifically identified)';
  return {
    requested: metrics.counter('apiserver_certificates_registry_csr_requested_duration_total', `[ALPHA] Total number of issued CSRs with a requested duration, ${which}`, ['signerName']),
    honored: metrics.counter('apiserver_certificates_registry_csr_honored_duration_total', `[ALPHA] Total number of issued CSRs with a requested duration that was honored, ${which}`, ['signerName']),
  };
}

const backdatingSeconds = 300;

/** A status was written. */
export function countSigned(object: Stored, before: Stored, metrics: Metrics): void {
  const { spec, status: old } = before as Stored<CertificateSigningRequest>;
  const certificate = (object as Stored<CertificateSigningRequest>).status?.certificate ?? '';
  const wanted = spec.expirationSeconds;
  if ((old?.certificate ?? '') !== '' || certificate === '' || wanted === undefined) return;
  const { requested, honored } = signingCounts(metrics);
  const signerName = spec.signerName.startsWith('kubernetes.io/') ? spec.signerName : 'other';
  requested.labels(signerName).inc();
  const got = lifetimeSeconds(certificate);
  if (got !== undefined && Math.abs(wanted - got) < backdatingSeconds + wanted / 20) honored.labels(signerName).inc();
}

/** Of the first certificate; undefined for what nobody can read. */
function lifetimeSeconds(certificate: string): number | undefined {
  try {
    const { notBeforeMs, notAfterMs } = parseCertificate(Buffer.from(certificate, 'base64').toString());
    return (notAfterMs - notBeforeMs) / 1000;
  } catch {
    return undefined;
  }
}
