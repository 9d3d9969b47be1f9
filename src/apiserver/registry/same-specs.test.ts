// Pods of one template share what is known of their spec. Each is nevertheless what it would be alone: what is stored
// and owned, what is refused for its own name or annotations, what is warned of; and a change of one is its own.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

const pods = '/api/v1/namespaces/default/pods';

async function withServer(run: (api: TestServer) => Promise<void>): Promise<void> {
  const store = openMemoryStore(testWorld());
  await using api = await startTestServer(store);
  await run(api);
  await store.close();
}

const spec = {
  containers: [{ name: 'main', image: 'busybox', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1000m', memory: '1024Mi' } } }],
  nodeSelector: { disk: 'fast' },
};
const named = (name: string, more: object = {}, metadata: object = {}): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'a' }, ...metadata }, spec: { ...spec, ...more } });

test('the tenth pod of a template is stored and owned as the first', () =>
  withServer(async (api) => {
    const made = [];
    for (let i = 0; i < 10; i++) made.push((await api.post(pods, named(`p${i}`))).body);
    const [first] = made;
    const alike = (pod: Record<string, unknown>): object => ({ spec: pod['spec'], status: pod['status'] });
    for (const pod of made) {
      expect(alike(pod)).toEqual(alike(first));
      expect(pod.metadata.managedFields[0].fieldsV1).toEqual(first.metadata.managedFields[0].fieldsV1);
      expect(pod.metadata.managedFields[0].fieldsV1['f:spec']['f:nodeSelector']).toEqual({});
      expect(pod.spec.containers[0].resources.limits).toEqual({ cpu: '1', memory: '1Gi' });
      expect((await api.get(`${pods}/${pod.metadata.name}`)).body).toEqual(pod);
    }
    expect(new Set(made.map((pod) => pod.metadata.uid)).size).toBe(10);
  }));

test('a change of one pod is its own', () =>
  withServer(async (api) => {
    for (let i = 0; i < 4; i++) expect((await api.post(pods, named(`p${i}`))).status).toBe(201);
    const patched = await api.patch(`${pods}/p1`, 'strategic', { spec: { containers: [{ name: 'main', image: 'other' }], tolerations: [{ key: 'x', operator: 'Exists' }] } });
    expect(patched.body.spec.containers[0].image).toBe('other');
    for (const name of ['p0', 'p2', 'p3']) {
      const { body } = await api.get(`${pods}/${name}`);
      expect([body.spec.containers[0].image, body.spec.tolerations?.some((one: { key: string }) => one.key === 'x')]).toEqual(['busybox', body.spec.tolerations === undefined ? undefined : false]);
    }
    expect((await api.post(pods, named('p4'))).body.spec.containers[0].image).toBe('busybox');
  }));

test('labels and annotations change without the spec, and are judged for each pod', () =>
  withServer(async (api) => {
    for (let i = 0; i < 4; i++) expect((await api.post(pods, named(`p${i}`))).status).toBe(201);
    for (let i = 0; i < 4; i++) {
      const before = (await api.get(`${pods}/p${i}`)).body;
      const { status, body } = await api.patch(`${pods}/p${i}`, i % 2 === 0 ? 'merge' : 'strategic', { metadata: { labels: { number: `${i}` } } });
      expect([status, body.metadata.labels, body.spec, body.metadata.generation]).toEqual([200, { app: 'a', number: `${i}` }, before.spec, 1]);
      expect((await api.get(`${pods}/p${i}`)).body).toEqual(body);
    }
    const costly = await api.patch(`${pods}/p2`, 'merge', { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': 'high' } } });
    expect([costly.status, costly.body.message]).toEqual([422, expect.stringContaining('must be a 32bit integer')]);
    const moved = await api.patch(`${pods}/p2`, 'merge', { spec: { nodeName: 'elsewhere' } });
    expect([moved.status, moved.body.message]).toEqual([422, expect.stringContaining('pod updates may not change fields other than')]);
    expect((await api.patch(`${pods}/p3`, 'merge', { metadata: { labels: { number: null } } })).body.spec).toEqual((await api.get(`${pods}/p0`)).body.spec);
  }));

test('a bad spec is refused every time', () =>
  withServer(async (api) => {
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push((await api.post(pods, named('bad', { restartPolicy: 'Sometimes' }))).body);
    expect(answers[0].code).toBe(422);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  }));

test('what depends on the name or the annotations of the pod is refused for it alone', () =>
  withServer(async (api) => {
    const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
    const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: claim } }];
    for (let i = 0; i < 4; i++) expect((await api.post(pods, named(`e${i}`, { volumes }))).status).toBe(201);
    const long = await api.post(pods, named('a'.repeat(250), { volumes }));
    expect([long.status, long.body.message]).toEqual([422, expect.stringContaining('PVC name')]);

    for (let i = 0; i < 4; i++) expect((await api.post(pods, named(`m${i}`))).status).toBe(201);
    const odd = await api.post(pods, named('cost', {}, { annotations: { 'controller.kubernetes.io/pod-deletion-cost': 'high' } }));
    expect([odd.status, odd.body.message]).toEqual([422, expect.stringContaining('must be a 32bit integer')]);
  }));

test('every pod is warned of, and no other', () =>
  withServer(async (api) => {
    const doubled = { containers: [{ name: 'main', image: 'busybox', env: [{ name: 'A', value: '1' }, { name: 'A', value: '2' }] }] };
    const warned = async (object: object): Promise<boolean> => String((await api.post(pods, object)).headers['warning'] ?? '') !== '';
    const counts = [];
    for (let i = 0; i < 4; i++) counts.push(await warned(named(`w${i}`, doubled)));
    expect(new Set(counts)).toEqual(new Set([true]));
    expect(await warned(named('fine'))).toBe(false);
    const seccomp = { annotations: { 'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default' } };
    for (let i = 0; i < 3; i++) await warned(named(`plain${i}`));
    expect(await warned(named('annotated', {}, seccomp))).toBe(true);
  }));

test('generated names and dry runs', () =>
  withServer(async (api) => {
    const names = new Set<string>();
    for (let i = 0; i < 4; i++) {
      const { body } = await api.post(pods, named('', {}, { name: undefined, generateName: 'web-' }));
      names.add(body.metadata.name);
    }
    expect(names.size).toBe(4);
    expect((await api.post(`${pods}?dryRun=All`, named('dry'))).status).toBe(201);
    expect((await api.get(`${pods}/dry`)).status).toBe(404);
  }));
