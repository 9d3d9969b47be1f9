// A TLS server on a port of its own choosing, with certificates for any names: what tests of webhooks and
// aggregation talk to.
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { createCa, issueCertificate, serveHttp, type Handler, type PeerCertificate } from '#wire';
import { testWorld } from '../test-server.case.ts';

const nowMs = systemClock.now();
const validity = { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 3_600_000 };

export const backendCa = createCa(systemRandom, { commonName: 'webhook-ca', ...validity });
export const frontProxyCa = createCa(systemRandom, { commonName: 'front-proxy-ca', ...validity });
export const caBundle = Buffer.from(backendCa.cert).toString('base64');
export const strangerCaBundle = Buffer.from(frontProxyCa.cert).toString('base64');
export const frontProxyClient = issueCertificate(systemRandom, frontProxyCa, { commonName: 'front-proxy-client', usages: ['client auth', 'digital signature'], ...validity });

export interface Backend extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `handler` under a certificate for 127.0.0.1, localhost and `names`. */
export async function startBackend(handler: Handler, names: readonly string[] = [], port = 0): Promise<Backend> {
  const certificate = issueCertificate(systemRandom, backendCa, {
    commonName: 'backend', usages: ['server auth', 'digital signature'], dnsNames: ['localhost', ...names], ipAddresses: ['127.0.0.1'], ...validity,
  });
  const server = await serveHttp(testWorld(), { host: '127.0.0.1', port, tls: { ...certificate, clientCa: frontProxyCa.cert }, handler });
  const close = (): Promise<void> => server.close({ graceMs: 0 });
  return { port: server.port, url: `https://127.0.0.1:${server.port}`, close, [Symbol.asyncDispose]: close };
}

/** Answers with what `answer` makes of the parsed body. */
export function jsonHandler(answer: (body: Record<string, unknown>, url: string, peer: PeerCertificate | undefined) => unknown): Handler {
  return async (exchange) => {
    const bytes = await exchange.body(8 << 20);
    const body: unknown = bytes.length === 0 ? {} : JSON.parse(Buffer.from(bytes).toString());
    const made = await answer(body as Record<string, unknown>, exchange.url, exchange.peer.certificate);
    exchange.send(200, { 'content-type': 'application/json' }, JSON.stringify(made));
  };
}
