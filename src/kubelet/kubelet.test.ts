// Pods on a whole node in memory: what users see in the API while pods start, fail, restart and end.
import { afterEach, expect, test } from 'vitest';
import type { Node, Pod } from '#api/core/v1.ts';
import { fakeNode, type FakeNode } from './fake-node.case.ts';

let node: FakeNode | undefined;
const withNode = async (options?: Parameters<typeof fakeNode>[0]): Promise<FakeNode> => (node = await fakeNode(options));
afterEach(async () => {
  await node?.close();
  node = undefined;
});

const condition = (pod: Pod | undefined, type: string): string | undefined => pod?.status?.conditions?.find((each) => each.type === type)?.status;
const isReady = (n: FakeNode, name: string): boolean => condition(n.api.pod(name), 'Ready') === 'True';

test('a pod comes up with upstream\'s status and events', async () => {
  const n = await withNode();
  n.create('web', {});
  await n.until('web is ready', () => isReady(n, 'web'));
  const pod = n.api.pod('web');
  expect(pod?.status).toMatchObject({
    phase: 'Running', podIP: '10.244.0.2', podIPs: [{ ip: '10.244.0.2' }], hostIP: '192.0.2.7', qosClass: 'BestEffort', observedGeneration: 1,
    containerStatuses: [{ name: 'web', ready: true, started: true, restartCount: 0, image: 'web:1', state: { running: {} } }],
  });
  expect(pod?.status?.containerStatuses?.[0]?.containerID).toMatch(/^containerd:\/\//);
  expect(pod?.status?.conditions?.map(({ type, status }) => `${type}=${status}`).sort()).toEqual(['ContainersReady=True', 'Initialized=True', 'PodReadyToStartContainers=True', 'PodScheduled=True', 'Ready=True']);
  await n.world.clock.advance('1s');
  expect(n.api.events('web')).toEqual(['Normal Pulled: Container image "web:1" already present on machine and can be accessed by the pod', 'Normal Created: Container created', 'Normal Started: Container started']);
});

test('init containers run in order, a sidecar stays', async () => {
  const n = await withNode();
  n.create('app', {
    initContainers: [{ name: 'first', image: 'i:1' }, { name: 'side', image: 's:1', restartPolicy: 'Always' }, { name: 'second', image: 'i:2' }],
    containers: [{ name: 'main', image: 'm:1' }],
  }, { annotations: { 'skiff.dev/sim-exit-after': 'first=2s,second=3s' } });
  await n.until('first runs', () => n.api.pod('app')?.status?.initContainerStatuses?.[0]?.state?.running);
  expect(n.api.pod('app')?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing');
  expect(condition(n.api.pod('app'), 'Initialized')).toBe('False');
  await n.until('app is ready', () => isReady(n, 'app'));
  const inits = n.api.pod('app')?.status?.initContainerStatuses ?? [];
  expect(inits.map(({ name, ready, state }) => [name, ready, state?.terminated?.reason ?? 'running'])).toEqual([['first', true, 'Completed'], ['side', true, 'running'], ['second', true, 'Completed']]);
});

test('a job\'s pod succeeds and keeps its address', async () => {
  const n = await withNode();
  n.create('job', { restartPolicy: 'Never' }, { annotations: { 'skiff.dev/sim-exit-after': '1s' } });
  await n.until('job succeeded', () => n.api.pod('job')?.status?.phase === 'Succeeded');
  const { status } = n.api.pod('job') ?? {};
  expect(status?.podIP).toBe('10.244.0.2');
  expect(status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
  expect(await n.runtime.listPodSandboxes()).toMatchObject([{ state: 'SANDBOX_NOTREADY' }]);
});

test('a crashing container restarts with growing waits', async () => {
  const n = await withNode();
  n.create('crash', {}, { annotations: { 'skiff.dev/sim-exit-after': '1s', 'skiff.dev/sim-exit-code': '3' } });
  await n.until('it waits', () => n.api.pod('crash')?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff');
  const status = n.api.pod('crash')?.status?.containerStatuses?.[0];
  expect(status?.state?.waiting?.message).toMatch(/^back-off 10s restarting failed container=web pod=crash_default\(/);
  expect(status?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  expect(n.api.pod('crash')?.status?.phase).toBe('Running');
  const before = n.world.clock.now();
  await n.until('20 s wait', () => n.api.pod('crash')?.status?.containerStatuses?.[0]?.state?.waiting?.message?.startsWith('back-off 20s'));
  expect(n.world.clock.now() - before).toBeGreaterThan(9_000);
  await n.until('5 min wait', () => n.api.pod('crash')?.status?.containerStatuses?.[0]?.state?.waiting?.message?.startsWith('back-off 5m0s'), '20m');
  expect(n.api.pod('crash')?.status?.containerStatuses?.[0]?.restartCount).toBeGreaterThanOrEqual(6);
});

test('deletion gives grace, then removes the pod and all it left', async () => {
  const n = await withNode();
  n.create('gone', { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'web', image: 'web:1', volumeMounts: [{ name: 'v', mountPath: '/v' }] }] }, { annotations: { 'skiff.dev/sim-stop-delay': '5s' } });
  await n.until('ready', () => isReady(n, 'gone'));
  const uid = n.api.pod('gone')?.metadata?.uid ?? '';
  const started = n.world.clock.now();
  n.api.deletePod('default', 'gone');
  await n.until('gone', () => n.api.pod('gone') === undefined);
  expect(n.world.clock.now() - started).toBeGreaterThanOrEqual(5_000);
  expect(n.world.clock.now() - started).toBeLessThan(10_000);
  await n.until('nothing is left', async () => (await n.runtime.listPodSandboxes()).length === 0 || undefined);
  await n.world.clock.advance('2s');
  expect(await n.runtime.listContainers()).toEqual([]);
  expect(await n.host.files.stat(`/var/lib/kubelet/pods/${uid}`)).toBeUndefined();
});

test('a restarted agent adopts what runs and restarts nothing', async () => {
  const n = await withNode();
  n.create('stay', { containers: [{ name: 'web', image: 'web:1', readinessProbe: { httpGet: { port: 80, path: '/' }, periodSeconds: 10 } }] });
  await n.until('ready', () => isReady(n, 'stay'));
  await n.world.clock.advance('60s');
  const before = await n.runtime.listContainers();
  const version = n.api.pod('stay')?.metadata?.resourceVersion;
  await n.restart();
  await n.world.clock.advance('60s');
  expect((await n.runtime.listContainers()).map(({ id, state }) => [id, state])).toEqual(before.map(({ id, state }) => [id, state]));
  expect(n.api.pod('stay')?.metadata?.resourceVersion).toBe(version);
  expect(n.runtime.calls.get('runPodSandbox')).toBe(1);
});

test('containers go on while the API or the runtime is away', async () => {
  const n = await withNode();
  n.create('web', {});
  await n.until('ready', () => isReady(n, 'web'));
  n.api.unreachable = true;
  const [container] = await n.runtime.listContainers();
  n.runtime.exitContainer(container?.id ?? '', 1);
  await n.world.clock.advance('30s');
  expect((await n.runtime.listContainers()).some(({ state }) => state === 'CONTAINER_RUNNING')).toBe(true);
  n.api.unreachable = false;
  await n.until('the restart is told', () => n.api.pod('web')?.status?.containerStatuses?.[0]?.restartCount === 1);
  n.runtime.setDown(true);
  await n.until('the node tells that its runtime is down', () => n.api.get<Node>('/api/v1/nodes/n1')?.status?.conditions?.find(({ type }) => type === 'Ready')?.message?.includes('container runtime is down'));
  n.runtime.setDown(false);
  await n.world.clock.advance('30s');
  expect(n.api.pod('web')?.status?.containerStatuses?.[0]?.restartCount).toBe(1);
});

test('an image that cannot be pulled shows ErrImagePull, then ImagePullBackOff', async () => {
  const n = await withNode({ runtime: { brokenImages: new Map([['bad:1', 'failed to resolve reference "bad:1": not found']]) } });
  n.create('bad', { containers: [{ name: 'web', image: 'bad:1' }] });
  await n.until('pull fails', () => n.api.pod('bad')?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImagePull');
  await n.until('pull backs off', () => n.api.pod('bad')?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff');
  expect(n.api.pod('bad')?.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('Back-off pulling image "bad:1": ErrImagePull: failed to resolve reference "bad:1": not found');
  await n.world.clock.advance('1s');
  expect(n.api.events('bad')).toContain('Warning Failed: Error: ErrImagePull');
});

test('a missing ConfigMap holds a container back until it is there', async () => {
  const n = await withNode();
  n.create('cfg', { containers: [{ name: 'web', image: 'web:1', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'a' } } }, { name: 'B', value: 'x-$(A)' }] }] });
  await n.until('it waits', () => n.api.pod('cfg')?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError');
  expect(n.api.pod('cfg')?.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('configmap "c" not found');
  n.api.put('/api/v1/namespaces/default/configmaps/c', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' }, data: { a: '1' } } as never);
  await n.until('ready', () => isReady(n, 'cfg'), '5s');
  const [container] = await n.runtime.listContainers();
  const env = new Map(n.runtime.configOf(container?.id ?? '')?.envs.map(({ key, value }) => [key, value]));
  expect([env.get('A'), env.get('B'), env.get('KUBERNETES_SERVICE_HOST')]).toEqual(['1', 'x-1', '10.96.0.1']);
});

test('volumes of ConfigMaps follow their object', async () => {
  const n = await withNode();
  const put = (a: string): void => void n.api.put('/api/v1/namespaces/default/configmaps/c', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'default' }, data: { a } } as never);
  put('old');
  n.create('vol', { volumes: [{ name: 'v', configMap: { name: 'c' } }], containers: [{ name: 'web', image: 'web:1', volumeMounts: [{ name: 'v', mountPath: '/etc/v' }] }] });
  await n.until('ready', () => isReady(n, 'vol'));
  const file = `/var/lib/kubelet/pods/${n.api.pod('vol')?.metadata?.uid ?? ''}/volumes/kubernetes.io~configmap/v/a`;
  expect(Buffer.from((await n.host.files.read(file)) ?? '').toString()).toBe('old');
  put('new');
  await n.world.clock.advance('1s');
  expect(Buffer.from((await n.host.files.read(file)) ?? '').toString()).toBe('new');
});

test('a failing liveness probe restarts the container', async () => {
  let healthy = true;
  const n = await withNode({ host: { network: { http: async () => ({ status: healthy ? 200 : 500, body: '' }) } } });
  n.create('live', { containers: [{ name: 'web', image: 'web:1', livenessProbe: { httpGet: { port: 80 }, periodSeconds: 5, failureThreshold: 2 } }] });
  await n.until('ready', () => isReady(n, 'live'));
  healthy = false;
  await n.until('restarted', () => n.api.pod('live')?.status?.containerStatuses?.[0]?.restartCount === 1);
  healthy = true;
  await n.world.clock.advance('1s');
  expect(n.api.events('live')).toEqual(expect.arrayContaining(['Warning Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500', 'Normal Killing: Container web failed liveness probe, will be restarted']));
});

test('readiness decides over Ready, not over restarts', async () => {
  let healthy = false;
  const n = await withNode({ host: { network: { tcp: async () => (healthy ? undefined : Promise.reject(new Error('dial tcp: connect: connection refused'))) } } });
  n.create('rdy', { containers: [{ name: 'web', image: 'web:1', readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 2 } }] });
  await n.until('running', () => n.api.pod('rdy')?.status?.phase === 'Running');
  await n.world.clock.advance('20s');
  expect(n.api.pod('rdy')?.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'False', reason: 'ContainersNotReady', message: 'containers with unready status: [web]' });
  healthy = true;
  await n.until('ready', () => isReady(n, 'rdy'), '5s');
  expect(n.api.pod('rdy')?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
});

test('a deadline fails the pod', async () => {
  const n = await withNode();
  n.create('late', { activeDeadlineSeconds: 20 });
  await n.until('failed', () => n.api.pod('late')?.status?.phase === 'Failed');
  expect(n.api.pod('late')?.status).toMatchObject({ reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' });
});

test('a pod too large for the node is refused', async () => {
  const n = await withNode({ host: { cores: 2 } });
  n.create('big', { containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu: '3' } } }] });
  await n.until('failed', () => n.api.pod('big')?.status?.phase === 'Failed');
  expect(n.api.pod('big')?.status).toMatchObject({ reason: 'OutOfcpu', message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000" });
  expect(await n.runtime.listContainers()).toEqual([]);
});

test('a lost sandbox is made anew', async () => {
  const n = await withNode();
  n.create('box', {});
  await n.until('ready', () => isReady(n, 'box'));
  const [sandbox] = await n.runtime.listPodSandboxes();
  n.runtime.killSandbox(sandbox?.id ?? '');
  await n.until('restarted', () => isReady(n, 'box') && n.api.pod('box')?.status?.containerStatuses?.[0]?.restartCount === 1);
  expect(n.runtime.calls.get('runPodSandbox')).toBe(2);
});

test('a node short of memory evicts the pod that uses most, and tells so', async () => {
  let available = 8 * 2 ** 30;
  const memory = async (): Promise<{ totalBytes: number; availableBytes: number; workingSetBytes: number; usedBytes: number }> => ({ totalBytes: 8 * 2 ** 30, availableBytes: available, workingSetBytes: 0, usedBytes: 0 });
  const n = await withNode({ host: { measures: { memory } } });
  n.create('modest', { containers: [{ name: 'web', image: 'web:1', resources: { requests: { memory: '2Mi' } } }] });
  n.create('greedy', {});
  await n.until('both run', () => isReady(n, 'modest') && isReady(n, 'greedy'));
  available = 2 ** 20;
  await n.until('one is evicted', () => n.api.pod('greedy')?.status?.phase === 'Failed');
  available = 8 * 2 ** 30;
  const { status } = n.api.pod('greedy') ?? {};
  expect(status).toMatchObject({ reason: 'Evicted', message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 1Mi. Container web was using 1Mi, request is 0, has larger consumption of memory. ' });
  expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({ status: 'True', reason: 'TerminationByKubelet' });
  await n.until('the node tells its pressure', () => n.api.get<Node>('/api/v1/nodes/n1')?.status?.conditions?.find(({ type }) => type === 'MemoryPressure')?.status === 'True');
  await n.until('and its end', () => n.api.get<Node>('/api/v1/nodes/n1')?.status?.conditions?.find(({ type }) => type === 'MemoryPressure')?.status === 'False', '10m');
  expect(isReady(n, 'modest')).toBe(true);
});

test('preStop runs within the grace period, and sidecars end last', async () => {
  const order: string[] = [];
  const n = await withNode({ runtime: { exec: (container, command) => { order.push(`${container.metadata.name} ${command.join(' ')}`); return { exitCode: 0 }; } } });
  const hook = (name: string): object => ({ lifecycle: { preStop: { exec: { command: ['bye', name] } } } });
  n.create('end', { initContainers: [{ name: 'side', image: 's:1', restartPolicy: 'Always' }], containers: [{ name: 'web', image: 'web:1', ...hook('web') }] }, { annotations: { 'skiff.dev/sim-stop-delay': 'web=3s' } });
  await n.until('ready', () => isReady(n, 'end'));
  const ids = new Map((await n.runtime.listContainers()).map(({ id, metadata }) => [metadata.name, id]));
  n.api.deletePod('default', 'end');
  await n.world.clock.advance('1s');
  const state = async (name: string): Promise<string> => (await n.runtime.containerStatus(ids.get(name) ?? '')).state;
  expect([order, await state('web'), await state('side')]).toEqual([['web bye web'], 'CONTAINER_RUNNING', 'CONTAINER_RUNNING']);
  await n.until('gone', () => n.api.pod('end') === undefined);
});

test('a forced deletion ends the containers too', async () => {
  const n = await withNode();
  n.create('forced', {});
  await n.until('ready', () => isReady(n, 'forced'));
  n.api.remove('/api/v1/namespaces/default/pods/forced');
  await n.world.clock.advance('5s');
  expect([await n.runtime.listContainers(), await n.runtime.listPodSandboxes()]).toEqual([[], []]);
});

test('what nobody asks for any more is removed after a restart', async () => {
  const n = await withNode();
  n.create('orphan', {});
  await n.until('ready', () => isReady(n, 'orphan'));
  const uid = n.api.pod('orphan')?.metadata?.uid ?? '';
  await n.kubelet.close();
  n.api.remove('/api/v1/namespaces/default/pods/orphan');
  await n.restart();
  await n.world.clock.advance('90s');
  expect([await n.runtime.listContainers(), await n.runtime.listPodSandboxes(), await n.host.files.stat(`/var/lib/kubelet/pods/${uid}`)]).toEqual([[], [], undefined]);
});

test('the lease is renewed and an idle node writes nothing else', async () => {
  const n = await withNode();
  n.create('web', {});
  await n.until('ready', () => isReady(n, 'web'));
  await n.world.clock.advance('60s');
  n.api.requests.length = 0;
  n.runtime.calls.forEach((_count, name) => (n.runtime.calls as Map<string, number>).delete(name));
  await n.world.clock.advance('60s');
  expect([...new Set(n.api.requests)]).toEqual(['PUT /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1']);
  expect(n.api.requests.length).toBe(6);
  const total = [...n.runtime.calls.values()].reduce((sum, count) => sum + count, 0);
  expect(total).toBeLessThan(80);
});

test('static pods run without the API and get a mirror', async () => {
  const n = await withNode({ settings: { staticPodPath: '/etc/manifests' } });
  await n.host.files.mkdir('/etc/manifests');
  await n.host.files.write('/etc/manifests/a.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: proxy}\nspec:\n  containers: [{name: web, image: web:1}]\n');
  await n.until('its mirror is ready', () => isReady(n, 'proxy-n1'));
  const mirror = n.api.pod('proxy-n1');
  expect(mirror?.metadata?.annotations).toMatchObject({ 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.mirror': mirror?.metadata?.annotations?.['kubernetes.io/config.hash'] });
  await n.host.files.remove('/etc/manifests/a.yaml');
  await n.until('mirror and containers are gone', () => n.api.pod('proxy-n1') === undefined);
  await n.world.clock.advance('5s');
  expect(await n.runtime.listContainers()).toEqual([]);
});
