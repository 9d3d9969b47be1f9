// One certificate through the API: a CertificateSigningRequest is posted, and its fate awaited.
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';

export interface CertificateWish {
  readonly signerName: string;
  readonly usages: readonly string[];
  /** PEM of the PKCS #10 request. */
  readonly request: string;
  readonly expirationSeconds?: number;
}

const kindName = 'certificatesigningrequests.certificates.k8s.io';
const pollMs = 1000;
/** As long as the signer may take. */
const waitMs = 15 * 60_000;

/** The PEM of the certificate. Throws when it is denied, refused, or does not come. */
export async function requestCertificate(world: World, client: Client, wish: CertificateWish, signal: AbortSignal): Promise<string> {
  const requests = client.resource<CertificateSigningRequest>(kindName);
  const made = await requests.create({
    apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { generateName: 'csr-' },
    spec: {
      request: Buffer.from(wish.request).toString('base64'), signerName: wish.signerName, usages: [...wish.usages],
      ...(wish.expirationSeconds === undefined ? {} : { expirationSeconds: wish.expirationSeconds }),
    },
  });
  const name = made.metadata?.name ?? '';
  const until = world.clock.monotonic() + waitMs;
  for (;;) {
    const found = await requests.get(name, { signal });
    if (found.metadata?.uid !== made.metadata?.uid) throw new Error(`csr "${name}" changed UIDs`);
    for (const { type, status, reason, message } of found.status?.conditions ?? []) {
      if (status === 'False') continue;
      if (type === 'Denied') throw new Error(`certificate signing request is denied, reason: "${reason ?? ''}", message: "${message ?? ''}"`);
      if (type === 'Failed') throw new Error(`certificate signing request failed, reason: "${reason ?? ''}", message: "${message ?? ''}"`);
    }
    const issued = found.status?.certificate ?? '';
    if (issued !== '') return Buffer.from(issued, 'base64').toString();
    if (world.clock.monotonic() > until) throw new Error(`certificate request ${name} was not signed: timed out waiting for the condition`);
    await sleep(world.clock, pollMs, signal);
  }
}
