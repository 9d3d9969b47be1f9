// `skiff server` as a real process: from flags alone to a server that answers over TLS, and what it says of bad ones.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { createCa, generateKey, parseCertificate, pemBlocks, pemEncode, serveHttp, signJwt } from '#wire';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { publicJwk } from '#wire';
import { ca, day, exit, folder, pair, save, savePair, servers, start, world } from './server-process.case.ts';

test('bad flags: every mistake is told, exit code 1', async () => {
  const { code, output } = await exit([`--data-dir=${folder}`, '--secure-port=0', '--authorization-mode=Magic', '--service-cluster-ip-range=10.0.0.0/24,10.1.0.0/24', '--service-node-port-range=5-1', '--tls-sni-cert-key=a', '--tls-min-version=VersionTLS9', '--emulated-version=1.20']);
  expect(code).toBe(1);
  for (const text of [
    '--secure-port 0 must be between 1 and 65535, inclusive. It cannot be turned off with 0', 'authorization-mode "Magic" is not a valid mode', 'service-account-issuer is a required flag',
    '--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different IP family', 'end port cannot be less than start port: 5-1', 'expected comma separated certificate and key file paths',
    'unknown tls version "VersionTLS9"', 'emulation version 1.20 is not between',
  ]) expect(output).toContain(text);
  expect(await exit(['--nothing'])).toMatchObject({ code: 1, output: expect.stringContaining('unknown flag: --nothing') });
});

test('by itself: a certificate of its own, tokens from a file, ABAC, privileged pods refused', async () => {
  const tokens = save('tokens.csv', 'admin-token,jane,1,"readers,system:masters"\nother,joe,2\n');
  const policy = save('policy.jsonl', '{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"jane","namespace":"*","resource":"*","apiGroup":"*","nonResourcePath":"*"}}\n');
  const server = await start([`--token-auth-file=${tokens}`, '--authorization-mode=ABAC', `--authorization-policy-file=${policy}`]);
  const jane = { token: 'admin-token' };
  expect(await server.ask('/api/v1/namespaces', jane)).toMatchObject({ status: 200 });
  expect(await server.ask('/api/v1/namespaces', { token: 'other' })).toMatchObject({ status: 403 });
  expect(await server.ask('/api/v1/namespaces', { token: 'unknown' })).toMatchObject({ status: 401 });
  expect(await server.ask('/api/v1/namespaces')).toMatchObject({ status: 403, text: expect.stringContaining('system:anonymous') });
  const account = await server.ask('/api/v1/namespaces/default/serviceaccounts', jane, 'POST', '{"metadata":{"name":"default"}}');
  expect(account.status).toBe(201);
  const pod = await server.ask('/api/v1/namespaces/default/pods', jane, 'POST', JSON.stringify({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i', securityContext: { privileged: true } }] } }));
  expect(pod).toMatchObject({ status: 422, text: expect.stringContaining('spec.containers[0].securityContext.privileged: Forbidden: disallowed by cluster policy') });
  // The certificate is kept, and verifies against the authority that is written behind it.
  const chain = readFileSync(join(server.folder, 'certs/apiserver.crt'), 'utf8');
  const authority = pemEncode('CERTIFICATE', pemBlocks(chain)[1]?.der ?? Buffer.alloc(0));
  expect(await server.ask('/version', { ...jane, insecure: false, ca: authority })).toMatchObject({ status: 200 });
  expect(parseCertificate(chain)).toMatchObject({ dnsNames: ['kubernetes.default.svc', 'kubernetes.default', 'kubernetes'], ipAddresses: expect.arrayContaining(['127.0.0.1', '10.0.0.1']) });
});

test('given files: client certificates, a front proxy, certificates by name; renewed ones are taken over', async () => {
  const [cert, key] = savePair('serving', pair('serving-1'));
  const [sniCert, sniKey] = savePair('sni', pair('by-name', [], ['api.example.com']));
  const proxyCa = createCa(systemRandom, { commonName: 'proxy-ca', notBeforeMs: systemClock.now() - day, notAfterMs: systemClock.now() + day });
  const server = await start([
    `--tls-cert-file=${cert}`, `--tls-private-key-file=${key}`, `--tls-sni-cert-key=${sniCert},${sniKey}:*.example.com`, `--client-ca-file=${join(folder, 'ca.crt')}`, `--requestheader-client-ca-file=${save('proxy-ca.crt', proxyCa.cert)}`,
    '--requestheader-username-headers=X-Remote-User', '--requestheader-group-headers=X-Remote-Group', '--requestheader-allowed-names=front', '--authorization-mode=RBAC', '--tls-min-version=VersionTLS13',
  ]);
  const admin = pair('admin', ['system:masters']);
  expect(await server.ask('/api/v1/namespaces', { ca: ca.cert, insecure: false, ...admin })).toMatchObject({ status: 200 });
  const map = await server.ask('/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication', admin);
  expect(JSON.parse(map.text)).toMatchObject({ data: { 'client-ca-file': ca.cert, 'requestheader-client-ca-file': proxyCa.cert, 'requestheader-allowed-names': '["front"]' } });
  const shown = (servername: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: server.port, servername, rejectUnauthorized: false }, () => {
        resolve(`${String(socket.getPeerCertificate().subject.CN)} ${socket.getProtocol()}`);
        socket.destroy();
      });
      socket.once('error', reject);
    });
  expect([await shown('localhost'), await shown('x.example.com')]).toEqual(['serving-1 TLSv1.3', 'by-name TLSv1.3']);
  savePair('serving', pair('serving-2'));
  savePair('sni', pair('by-name-2', [], ['api.example.com']));
  await expect.poll(async () => `${await shown('localhost')}, ${await shown('x.example.com')}`, { timeout: 20_000 }).toBe('serving-2 TLSv1.3, by-name-2 TLSv1.3');
});

test('webhooks decide who asks and what he may', async () => {
  const hook = await serveHttp(world, {
    host: '127.0.0.1', port: 0, tls: pair('hook'),
    async handler(exchange) {
      const review = JSON.parse(Buffer.from(await exchange.body(1 << 20)).toString()) as { kind: string; apiVersion: string; spec: { token?: string; user?: string } };
      const status = review.kind === 'TokenReview' ? { authenticated: review.spec.token === 'known', user: { username: 'webby' } } : { allowed: review.spec.user === 'webby' };
      exchange.send(200, { 'content-type': 'application/json' }, JSON.stringify({ apiVersion: review.apiVersion, kind: review.kind, status }));
    },
  });
  servers.push(hook);
  const kubeconfig = save('hook.yaml', `apiVersion: v1\nkind: Config\nclusters: [{name: h, cluster: {server: "https://127.0.0.1:${hook.port}/", certificate-authority: ${join(folder, 'ca.crt')}}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: c, context: {cluster: h, user: u}}]\ncurrent-context: c\n`);
  const server = await start([`--authentication-token-webhook-config-file=${kubeconfig}`, '--authentication-token-webhook-version=v1', '--authorization-mode=Webhook', `--authorization-webhook-config-file=${kubeconfig}`, '--authorization-webhook-version=v1', '--anonymous-auth=false']);
  expect(await server.ask('/api/v1/namespaces', { token: 'known' })).toMatchObject({ status: 200 });
  expect(await server.ask('/api/v1/namespaces', { token: 'other' })).toMatchObject({ status: 401 });
  expect(await server.ask('/version')).toMatchObject({ status: 401 });
});

test('an OpenID provider by flags', async () => {
  const key = generateKey('rsa-2048');
  const jwk = { ...publicJwk(createPublicKey(key)), kid: 'k' };
  let issuer = '';
  const provider = await serveHttp(world, {
    host: '127.0.0.1', port: 0, tls: pair('provider'),
    handler: async (exchange) => exchange.send(200, { 'content-type': 'application/json' }, exchange.url === '/keys' ? JSON.stringify({ keys: [jwk] }) : JSON.stringify({ issuer, jwks_uri: `${issuer}/keys`, id_token_signing_alg_values_supported: ['RS256'] })),
  });
  servers.push(provider);
  issuer = `https://127.0.0.1:${provider.port}`;
  const server = await start([`--oidc-issuer-url=${issuer}`, '--oidc-client-id=me', `--oidc-ca-file=${join(folder, 'ca.crt')}`, '--oidc-groups-claim=roles', '--oidc-groups-prefix=oidc:', '--authorization-mode=RBAC']);
  const now = Math.floor(systemClock.now() / 1000);
  const token = signJwt({ iss: issuer, aud: 'me', sub: 'jane', roles: ['dev'], iat: now, nbf: now, exp: now + 600 }, createPrivateKey(key), 'k');
  const review = (): Promise<{ status: number; text: string }> => server.ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', { token }, 'POST', '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}');
  await expect.poll(async () => (await review()).status, { timeout: 20_000 }).toBe(201);
  expect(JSON.parse((await review()).text)).toMatchObject({ status: { userInfo: { username: `${issuer}#jane`, groups: ['oidc:dev', 'system:authenticated'] } } });
  expect(existsSync(join(server.folder, 'store'))).toBe(true);
});
