// `skiff server` as a real process, for tests: started from flags alone on a free port, with certificates to give it, and
// ended with the test.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { createMetrics } from '#base/metrics.ts';
import { systemRandom } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { createCa, generateKey, httpTransport, issueCertificate, type CertifiedKey, type HttpServer, type HttpTransportOptions } from '#wire';

export const world: World = { clock: systemClock, random: systemRandom, log: silentLog, metrics: createMetrics() };
const entry = join(import.meta.dirname, 'skiff.ts');
export const day = 86_400_000;
/** Filled before the tests. */
export let folder: string;
export let ca: CertifiedKey;
const children: ChildProcess[] = [];
/** Closed after the test. */
export const servers: HttpServer[] = [];

export function pair(commonName: string, organizations: readonly string[] = [], dnsNames: readonly string[] = ['localhost']): CertifiedKey {
  const now = systemClock.now();
  return issueCertificate(systemRandom, ca, { commonName, organizations, dnsNames, ipAddresses: ['127.0.0.1'], usages: ['client auth', 'server auth'], notBeforeMs: now - day, notAfterMs: now + day });
}

export function save(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

export function savePair(name: string, made: CertifiedKey): [string, string] {
  return [save(`${name}.crt`, made.cert), save(`${name}.key`, made.key)];
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skiff-server-'));
  const now = systemClock.now();
  ca = createCa(systemRandom, { commonName: 'ca', notBeforeMs: now - day, notAfterMs: now + day });
  save('ca.crt', ca.cert);
  save('sa.key', generateKey('rsa-2048'));
});
afterEach(async () => {
  await Promise.all([...children.splice(0).map(ended), ...servers.splice(0).map((server) => server.close({ graceMs: 0 }))]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
    systemClock.after(10_000, () => child.kill('SIGKILL'), { background: true });
  });
}

/** For a server that has to be told its port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function spawnServer(args: readonly string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, 'server', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  children.push(child);
  return { child, output: () => text };
}

export interface Started {
  readonly port: number;
  readonly folder: string;
  ask(path: string, options?: Partial<HttpTransportOptions>, method?: string, body?: string): Promise<{ status: number; text: string }>;
}

let count = 0;

/** Starts a server by itself and waits until it is ready. */
export async function start(args: readonly string[]): Promise<Started> {
  const port = await freePort();
  const own = join(folder, `server-${++count}`);
  const { child, output } = spawnServer([
    '--bind-address=127.0.0.1', `--secure-port=${port}`, `--data-dir=${own}`, `--cert-dir=${join(own, 'certs')}`, '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${join(folder, 'sa.key')}`, `--service-account-key-file=${join(folder, 'sa.key')}`, ...args,
  ]);
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${output()}`)));
    child.stderr?.on('data', () => {
      if (output().includes('"serving"')) resolve();
    });
  });
  return {
    port, folder: own,
    async ask(path, options = {}, method = 'GET', body) {
      const transport = httpTransport({ url: `https://127.0.0.1:${port}`, clock: systemClock, insecure: true, ...options });
      try {
        const answer = await transport.request({ method, path, headers: { 'content-type': 'application/json' }, ...(body === undefined ? {} : { body }) });
        return { status: answer.status, text: Buffer.from(await answer.bytes()).toString() };
      } finally {
        await transport.close();
      }
    },
  };
}

export async function exit(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const { child, output } = spawnServer(args);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output: output() };
}
