// What people add to a cluster, as they add it: custom resources with rules and versions, admission policies, webhooks
// and an extension API server that run in pods, programs in pods that talk to the API, certificates, secrets at rest.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { createCa, createCsr, generateKey, issueCertificate } from '../../src/wire/index.ts';
import { attempt, eventually, kubectl, kubectlFails, kubectlJson } from './clients.ts';

const ns = 'extensions-test';
const group = 'shapes.skiff.test';
const root = join(import.meta.dirname, '../..');
const now = systemClock.now();
const validity = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
const ca = createCa(systemRandom, { commonName: 'extension-ca', ...validity });
const serving = issueCertificate(systemRandom, ca, { commonName: 'extension', usages: ['server auth', 'digital signature'], dnsNames: [`extension.${ns}.svc`], ...validity });
const caBundle = Buffer.from(ca.cert).toString('base64');
const client = { service: { namespace: ns, name: 'extension' }, caBundle };

const apply = (...objects: readonly object[]): string => kubectl('apply -f -', objects.map((object) => JSON.stringify(object)).join('\n---\n'));

const pods = [
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls', namespace: ns }, type: 'kubernetes.io/tls', stringData: { 'tls.crt': serving.cert, 'tls.key': serving.key } },
  {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'extension', namespace: ns },
    spec: {
      selector: { matchLabels: { app: 'extension' } },
      template: {
        metadata: { labels: { app: 'extension' } },
        spec: {
          terminationGracePeriodSeconds: 1,
          volumes: [{ name: 'tls', secret: { secretName: 'tls' } }],
          containers: [{ name: 'main', image: 'skiff.local/extension:1', volumeMounts: [{ name: 'tls', mountPath: '/tls' }], readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 } }],
        },
      },
    },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'extension', namespace: ns }, spec: { selector: { app: 'extension' }, ports: [{ port: 443, targetPort: 8443 }] } },
];

const spec = (properties: object, more: object = {}): object => ({ openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties, ...more } } } });

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `boxes.${group}` },
  spec: {
    group, scope: 'Namespaced', names: { plural: 'boxes', singular: 'box', kind: 'Box', shortNames: ['bx'] },
    conversion: { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'], clientConfig: { service: { ...client.service, path: '/convert' }, caBundle } } },
    versions: [
      {
        name: 'v1', served: true, storage: true, subresources: { status: {} },
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
        selectableFields: [{ jsonPath: '.spec.size' }],
        schema: spec({ size: { type: 'integer', description: 'How big the box is.' } }, { 'x-kubernetes-validations': [{ rule: 'self.size < 100', message: 'no box is that big' }] }),
      },
      { name: 'v2', served: true, storage: false, schema: spec({ dimensions: { type: 'object', properties: { size: { type: 'integer' } } } }) },
    ],
  },
};

const box = (name: string, size: unknown): object => ({ apiVersion: `${group}/v1`, kind: 'Box', metadata: { name, namespace: ns }, spec: { size } });

beforeAll(() => {
  kubectl(`create namespace ${ns}`);
  kubectl(`label namespace ${ns} extensions=yes`);
  const built = spawnSync(join(root, 'skiff'), ['image', 'build', join(import.meta.dirname, 'extension'), '-t', 'skiff.local/extension:1'], { encoding: 'utf8' });
  expect(built.status, built.stderr).toBe(0);
  apply(...pods);
  kubectl(`-n ${ns} rollout status deployment/extension --timeout=90s`);
}, 180_000);

afterAll(() => {
  for (const what of [`crd/boxes.${group}`, 'apiservice/v1.greetings.skiff.test', 'validatingwebhookconfiguration/extension', 'mutatingwebhookconfiguration/extension', 'validatingadmissionpolicy/sizes', 'validatingadmissionpolicybinding/sizes', 'csr/extension-test']) {
    attempt('kubectl', ['delete', what, '--ignore-not-found']);
  }
  attempt('kubectl', ['delete', 'namespace', ns, '--wait=true', '--timeout=90s']);
}, 120_000);

test('custom resources: rules, columns, field selectors, explain, two versions by a webhook in a pod', () => {
  apply(definition);
  kubectl(`wait --for=condition=Established crd/boxes.${group} --timeout=30s`);
  apply(box('small', 1), box('big', 50));
  expect(kubectl(`-n ${ns} get boxes.v1.${group}`)).toMatch(/NAME +SIZE\nbig +50\nsmall +1\n/);
  expect(kubectl(`-n ${ns} get boxes.v1.${group} --field-selector spec.size=50 -o name`)).toBe(`box.${group}/big\n`);
  expect(kubectlFails(['apply', '-f', '-'], JSON.stringify(box('huge', 100)))).toContain('spec: Invalid value: no box is that big');
  expect(kubectlFails(['apply', '-f', '-'], JSON.stringify(box('odd', 'x')))).toContain('spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"');
  expect(kubectl('explain box.spec.size --api-version=shapes.skiff.test/v1')).toContain('How big the box is.');
  const second = kubectlJson(`-n ${ns} get boxes.v2.${group} big`) as { apiVersion: string; spec: object };
  expect(second).toMatchObject({ apiVersion: `${group}/v2`, spec: { dimensions: { size: 50 } } });
});

test('admission policies in CEL', async () => {
  apply(
    {
      apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy', metadata: { name: 'sizes' },
      spec: {
        matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }], namespaceSelector: { matchLabels: { extensions: 'yes' } } },
        validations: [{ expression: '!has(object.data) || size(object.data) < 3', messageExpression: '"too many keys: " + string(size(object.data))' }],
      },
    },
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding', metadata: { name: 'sizes' }, spec: { policyName: 'sizes', validationActions: ['Deny'] } },
  );
  const refusal = await eventually('the policy', () => {
    const answer = attempt('kubectl', ['-n', ns, 'create', 'configmap', 'keys', '--from-literal=a=1', '--from-literal=b=2', '--from-literal=c=3', '--dry-run=server']);
    return answer.code === 0 ? undefined : answer.stderr;
  });
  expect(refusal).toContain(`ValidatingAdmissionPolicy 'sizes' with binding 'sizes' denied request: too many keys: 3`);
  kubectl(`-n ${ns} create configmap keys --from-literal=a=1`);
});

test('admission webhooks in a pod: one changes, one refuses and warns', async () => {
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'], scope: 'Namespaced' }];
  const hook = (name: string, path: string): object => ({
    name, rules, clientConfig: { service: { ...client.service, path }, caBundle }, admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail', namespaceSelector: { matchLabels: { extensions: 'yes' } },
  });
  apply(
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration', metadata: { name: 'extension' }, webhooks: [hook('mutate.skiff.test', '/mutate')] },
    { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'extension' }, webhooks: [hook('validate.skiff.test', '/validate')] },
  );
  const map = (name: string, labels: object): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: ns, labels } });
  const refusal = await eventually('the webhook', () => {
    const answer = attempt('kubectl', ['create', '--dry-run=server', '-f', '-'], { input: map('refused', { forbidden: 'a' }) });
    return answer.code === 0 ? undefined : answer.stderr;
  });
  expect(refusal).toContain('admission webhook "validate.skiff.test" denied the request: the label forbidden=a is forbidden');
  const created = attempt('kubectl', ['create', '-f', '-'], { input: map('changed', { a: 'b' }) });
  expect(created).toMatchObject({ code: 0, stderr: expect.stringContaining('Warning: seen by the webhook') });
  expect(kubectlJson(`-n ${ns} get configmap changed`)).toMatchObject({ metadata: { labels: { a: 'b', touched: 'yes' } } });
  kubectl('delete validatingwebhookconfiguration,mutatingwebhookconfiguration extension');
});

test('an extension API server in a pod', async () => {
  apply({ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1.greetings.skiff.test' }, spec: { group: 'greetings.skiff.test', version: 'v1', service: client.service, caBundle, groupPriorityMinimum: 1000, versionPriority: 10 } });
  kubectl('wait --for=condition=Available apiservice/v1.greetings.skiff.test --timeout=30s');
  const found = JSON.parse(kubectl('get --raw /apis/greetings.skiff.test/v1/greetings/hi')) as { spec: { user: string } };
  expect(found.spec.user).toBe('kubernetes-admin');
  await eventually('kubectl to know the resource', () => (attempt('kubectl', ['get', 'greetings']).stdout.includes('hello') ? true : undefined));
  kubectl('delete apiservice v1.greetings.skiff.test');
});

test('a program in a pod asks the API with its own token', () => {
  kubectl(`-n ${ns} create rolebinding viewer --clusterrole=view --serviceaccount=${ns}:default`);
  const program = `
    const fs = require('node:fs'), https = require('node:https');
    const at = '/var/run/secrets/kubernetes.io/serviceaccount/';
    https.get('https://kubernetes.default.svc/api/v1/namespaces/${ns}/pods', { ca: fs.readFileSync(at + 'ca.crt'), headers: { authorization: 'Bearer ' + fs.readFileSync(at + 'token', 'utf8') } }, async (response) => {
      let text = ''; for await (const chunk of response) text += chunk;
      console.log(response.statusCode, JSON.parse(text).kind);
    });`;
  expect(kubectl(['-n', ns, 'exec', 'deploy/extension', '--', 'node', '-e', program])).toBe('200 PodList\n');
  expect(kubectl(['auth', 'whoami', '--token', kubectl(`-n ${ns} create token default`).trim(), '-o', 'jsonpath={.status.userInfo.username}'])).toMatch(/system:serviceaccount:extensions-test:default|kubernetes-admin/);
});

test('a certificate is asked for, approved and issued', async () => {
  const request = createCsr(generateKey(), { commonName: 'someone', organizations: ['readers'] });
  apply({ apiVersion: 'certificates.k8s.io/v1', kind: 'CertificateSigningRequest', metadata: { name: 'extension-test' }, spec: { request: Buffer.from(request).toString('base64'), signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] } });
  expect(kubectl('get csr extension-test')).toContain('Pending');
  kubectl('certificate approve extension-test');
  const issued = await eventually('the certificate', () => kubectl('get csr extension-test -o jsonpath={.status.certificate}') || undefined);
  expect(Buffer.from(issued, 'base64').toString()).toContain('BEGIN CERTIFICATE');
});

test('a secret is not readable on the disk', () => {
  const value = `plain-${now}-text`;
  kubectl(`-n ${ns} create secret generic hidden --from-literal=key=${value}`);
  kubectl(`-n ${ns} create configmap shown --from-literal=key=shown-${value}`);
  const disk = readFileSync('/var/lib/skiff/store/data.mdb');
  expect(disk.includes(`shown-${value}`)).toBe(true);
  expect(disk.includes(Buffer.from(value).toString('base64').slice(0, -4))).toBe(false);
  expect(disk.includes(`"${value}`)).toBe(false);
  expect(kubectl(`-n ${ns} get secret hidden -o jsonpath={.data.key}`)).toBe(Buffer.from(value).toString('base64'));
});
