// Client certificates: the CN is the user, each O a group, Kubernetes' own attribute the UID. The listener also takes
// certificates of the front proxy's CA: those say who relays a request and never who makes it.
import { createHash } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Metrics } from '#base/metrics.ts';
import { unauthorized } from '#machinery';
import { parseCertificate, verifiesAgainst } from '#wire';
import type { Authenticator, Identity } from '../contract.ts';
import { known } from './groups.ts';

export type CertificateTest = (der: Uint8Array) => boolean;

/** A connection asks the same with every request: answers are kept as long as its certificate is. */
export function rememberedTest(check: CertificateTest): CertificateTest {
  const answers = new WeakMap<Uint8Array, boolean>();
  return (der) => {
    const before = answers.get(der);
    if (before !== undefined) return before;
    const answer = check(der);
    answers.set(der, answer);
    return answer;
  };
}

/** Is it one of the bundle's, as the bundle is now? Open connections are asked again when it changes. */
export function signedBy(clock: Pick<Clock, 'now'>, bundle: () => string): CertificateTest {
  let of = bundle();
  let test = rememberedTest((der) => verifiesAgainst(der, of, clock.now()));
  return (der) => {
    const now = bundle();
    if (now !== of) {
      of = now;
      test = rememberedTest((each) => verifiesAgainst(each, of, clock.now()));
    }
    return test(der);
  };
}

/** undefined for a certificate that names nobody. Throws an Error for one that cannot be read. */
function identityOf(der: Uint8Array): Identity | undefined {
  const { commonName, organizations, userIds = [] } = parseCertificate(der);
  if (commonName === '') return undefined;
  if (userIds.length > 1) throw new Error('expected 1 UID, but found multiple');
  if (userIds[0] === '') throw new Error('UID cannot be an empty string');
  return known({
    name: commonName, groups: organizations, ...(userIds[0] === undefined ? {} : { uid: userIds[0] }),
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${createHash('sha256').update(der).digest('hex')}`] },
  });
}

const [hour, day] = [3600, 86_400];
const lifetimeBuckets = [0, 1800, hour, 2 * hour, 6 * hour, 12 * hour, day, 2 * day, 4 * day, 7 * day, 30 * day, 90 * day, 180 * day, 360 * day];

/** @param isClientCertificate is it one of the client CA's, where the listener takes others too? */
export function x509Authenticator(clock: Pick<Clock, 'now'>, isClientCertificate: CertificateTest = () => true, metrics?: Metrics): Authenticator {
  const lifetimes = metrics?.histogram('apiserver_client_certificate_expiration_seconds', 'Distribution of the remaining lifetime on the certificate used to authenticate a request.', [], lifetimeBuckets).labels();
  const identities = new WeakMap<Uint8Array, { readonly identity: Identity | undefined }>();
  return {
    name: 'x509',
    async authenticate(exchange) {
      const certificate = exchange.peer.certificate;
      if (certificate === undefined) {
        // A certificate that does not verify is bad credentials, not none.
        if (exchange.peer.certificateError !== undefined) throw unauthorized();
        return undefined;
      }
      const now = clock.now();
      lifetimes?.observe((certificate.notAfterMs - now) / 1000);
      // A connection may outlive the certificate that it began with.
      if (certificate.notAfterMs < now || !isClientCertificate(certificate.der)) throw unauthorized();
      let found = identities.get(certificate.der);
      if (found === undefined) {
        try {
          found = { identity: identityOf(certificate.der) };
        } catch {
          throw unauthorized();
        }
        identities.set(certificate.der, found);
      }
      return found.identity;
    },
  };
}
