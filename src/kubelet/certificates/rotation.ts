// Keeps a certificate of the node fresh: a new one is asked for when 70 to 90 per cent of the old one's life are over
// (at random, so that nodes made together do not ask together), when what it should say has changed, or when there is
// none. Until the new one is there the old one serves. Follows upstream's certificate manager.
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { jitter } from '#base/random.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { createCsr, generateKey, parseCertificate, type AlternativeNames, type CertifiedKey, type Subject } from '#wire';
import type { CertificateStore } from './certificate-store.ts';
import { requestCertificate } from './request-certificate.ts';

export type CertificateTemplate = Subject & Partial<Pick<AlternativeNames, 'dnsNames' | 'ipAddresses'>>;

export interface RotationOptions {
  /** "client" or "server": names the metrics. */
  readonly name: 'client' | 'server';
  readonly client: Client;
  readonly store: CertificateStore;
  readonly signerName: string;
  readonly usages: readonly string[];
  /** What the certificate is to say; undefined while that is not known. */
  template(): CertificateTemplate | undefined;
  /** Used until the first one of its own. */
  readonly bootstrap?: CertifiedKey;
  /** Is the pair one to keep? One of a CA that goes is replaced at once, one of a CA that is gone not used at the start. */
  accepts?(pair: CertifiedKey): boolean;
  /** Instead of `accepts`: is a pair found at the start believed at all? */
  trusts?(pair: CertifiedKey): boolean;
  /** Called with each new pair. */
  changed(pair: CertifiedKey): void;
}

export interface CertificateRotation {
  /** The pair in use; undefined until there is one. */
  current(): CertifiedKey | undefined;
  /** Is the pair good today? */
  readonly healthy: boolean;
  close(): void;
}

const fastRetries = 4;
const fastRetryMs = 2000;
const slowRetryMs = 32_000;
const templateCheckMs = 60_000;
/** Where authorities may change. */
const acceptanceCheckMs = 10_000;
const year = 365 * 24 * 3600;
const rotationBuckets = [600, 3600, 4 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 7 * 24 * 3600, 30 * 24 * 3600, 90 * 24 * 3600, 180 * 24 * 3600, year, 4 * year, 10 * year];

/** When a certificate is to be replaced. */
export function rotationDeadline(world: World, notBeforeMs: number, notAfterMs: number): number {
  const life = notAfterMs - notBeforeMs;
  return notBeforeMs + jitter(world.random, life, 0.2) - life * 0.3;
}

/** Does the certificate say what the template asks for? */
export function satisfies(pair: CertifiedKey, template: CertificateTemplate): boolean {
  const cert = parseCertificate(pair.cert);
  const has = (given: readonly string[], wanted: readonly string[] | undefined): boolean => (wanted ?? []).every((each) => given.includes(each));
  return cert.commonName === template.commonName && has(cert.organizations, template.organizations) && has(cert.dnsNames, template.dnsNames) && has(cert.ipAddresses, template.ipAddresses);
}

/** Starts to look after the certificate; runs until `close`. */
export function startRotation(world: World, options: RotationOptions): CertificateRotation {
  const { clock } = world;
  const closed = new AbortController();
  const metrics = rotationMetrics(world, options.name);
  let current = usable(options.store.current()) ?? usable(options.bootstrap);

  const rotate = async (template: CertificateTemplate): Promise<void> => {
    const key = generateKey();
    const request = createCsr(key, template);
    const cert = await requestCertificate(world, options.client, { signerName: options.signerName, usages: options.usages, request }, closed.signal);
    // While authorities change the signer may still be the old one.
    if (!accepted({ cert, key })) throw new Error('it was signed by an authority that is being replaced');
    const old = current;
    current = { cert, key };
    options.store.update(current);
    if (old !== undefined) metrics.rotated((clock.now() - parseCertificate(old.cert).notBeforeMs) / 1000);
    world.log.info('certificate rotated', { name: options.name, notAfter: new Date(parseCertificate(cert).notAfterMs).toISOString() });
    options.changed(current);
  };

  /** Waits until a new certificate is due; answers what it is to say. */
  const due = async (): Promise<CertificateTemplate> => {
    const span = current === undefined ? undefined : parseCertificate(current.cert);
    const deadline = span === undefined ? clock.now() : rotationDeadline(world, span.notBeforeMs, span.notAfterMs);
    for (;;) {
      if (span !== undefined) metrics.left((span.notAfterMs - clock.now()) / 1000);
      const template = options.template();
      if (template !== undefined && (current === undefined || clock.now() >= deadline || !satisfies(current, template) || !accepted(current))) return template;
      await sleep(clock, Math.max(1000, Math.min(options.accepts === undefined ? templateCheckMs : acceptanceCheckMs, deadline - clock.now())), closed.signal);
    }
  };

  const run = async (): Promise<void> => {
    for (;;) {
      let template = await due();
      for (let failures = 0; ; failures++) {
        try {
          await rotate(template);
          break;
        } catch (error) {
          closed.signal.throwIfAborted();
          metrics.failed();
          world.log.error('certificate request was not signed', { name: options.name, error: errorText(error) });
        }
        await sleep(clock, failures < fastRetries ? jitter(world.random, fastRetryMs * 2 ** failures, 0.1) : slowRetryMs, closed.signal);
        template = options.template() ?? template;
      }
    }
  };
  run().catch(() => {});
  return {
    current: () => current,
    get healthy() {
      return current !== undefined && clock.now() < parseCertificate(current.cert).notAfterMs;
    },
    close: () => closed.abort(new Error('the certificate is looked after no more')),
  };

  function accepted(pair: CertifiedKey): boolean {
    return options.accepts?.(pair) !== false;
  }

  function usable(pair: CertifiedKey | undefined): CertifiedKey | undefined {
    try {
      const good = pair !== undefined && clock.now() < parseCertificate(pair.cert).notAfterMs && (options.trusts ?? accepted)(pair);
      return good ? pair : undefined;
    } catch {
      return undefined;
    }
  }
}

function rotationMetrics({ metrics }: World, name: 'client' | 'server') {
  const failed = metrics.counter(
    name === 'client' ? 'kubelet_certificate_manager_client_expiration_renew_errors' : 'kubelet_server_expiration_renew_errors', 'Counter of certificate renewal errors.');
  const rotated = metrics.histogram(`kubelet_certificate_manager_${name}_rotation_seconds`, 'Histogram of the number of seconds the previous certificate lived before being rotated.', [], rotationBuckets);
  const left = metrics.gauge(`kubelet_certificate_manager_${name}_ttl_seconds`, "Gauge of the TTL (time-to-live) of the Kubelet's certificate. The value is in seconds until certificate expiry (negative if already expired).");
  return {
    failed: () => failed.inc(),
    rotated: (seconds: number) => rotated.observe(seconds),
    left: (seconds: number) => left.set(seconds),
  };
}
