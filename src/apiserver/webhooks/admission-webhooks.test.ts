// Admission webhooks through REST, against a real TLS server behind a Service.
import { describe, expect, test, vi } from 'vitest';
import type { Authorizer } from '../contract.ts';
import { admissionPolicies } from '../policies/index.ts';
import { createResourceTable } from '../registry/resources.ts';
import { testWorld } from '../test-server.case.ts';
import type { CompileConditions } from './hooks.ts';
import { configure, hook, patchOf, startWebhookCluster } from './webhook-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const allow = { allowed: true };

describe('validating', () => {
  test('asks what upstream asks, and lets through what is allowed', async () => {
    await using cluster = await startWebhookCluster(() => allow);
    await configure(cluster.api, 'validating', 'v', hook('a.example.com', { path: '/check' }));
    expect((await cluster.api.post(`${maps}?fieldManager=me`, { metadata: { name: 'x' }, data: { a: 'b' } })).status).toBe(201);
    expect(cluster.seen).toMatchObject([{
      path: '/check?timeout=10s', apiVersion: 'admission.k8s.io/v1',
      review: {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' }, resource: { group: '', version: 'v1', resource: 'configmaps' }, requestKind: { kind: 'ConfigMap' },
        name: 'x', namespace: 'default', operation: 'CREATE', userInfo: { username: 'tester', groups: ['system:masters'] },
        object: { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'x' }, data: { a: 'b' } }, oldObject: null, dryRun: false,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
      },
    }]);
  });

  test('refusals carry the webhook, its words, its code', async () => {
    const answers: Record<string, Record<string, unknown>> = {
      '/words': { allowed: false, status: { message: 'the configmap contains unwanted key and value' } },
      '/reason': { allowed: false, status: { reason: 'Because', code: 409 } },
      '/silent': { allowed: false },
    };
    await using cluster = await startWebhookCluster((_review, path) => answers[path] ?? allow);
    const told: unknown[] = [];
    for (const path of Object.keys(answers)) {
      await configure(cluster.api, 'validating', 'v', hook('a.example.com', { path }));
      const { status, body } = await cluster.api.post(maps, { metadata: { name: 'x' } });
      told.push([status, body.code, body.message]);
      await cluster.api.del('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v');
    }
    expect(told).toEqual([
      [400, 400, 'admission webhook "a.example.com" denied the request: the configmap contains unwanted key and value'],
      [409, 409, 'admission webhook "a.example.com" denied the request: Because'],
      [400, 400, 'admission webhook "a.example.com" denied the request without explanation'],
    ]);
  });

  test('updates, patches, deletes and collections are all judged', async () => {
    await using cluster = await startWebhookCluster((review) => (review.operation === 'DELETE' && review.oldObject.metadata.name === 'kept' ? { allowed: false, status: { message: 'keep it' } } : allow));
    const { api } = cluster;
    await api.post(maps, { metadata: { name: 'kept' } });
    await api.post(maps, { metadata: { name: 'y' } });
    await configure(api, 'validating', 'v', hook('a.example.com'));
    expect((await api.patch(`${maps}/kept`, 'merge', { data: { a: '1' } })).status).toBe(200);
    expect((await api.del(`${maps}/kept`)).body.message).toBe('admission webhook "a.example.com" denied the request: keep it');
    expect(cluster.seen.filter(({ review }) => review.operation === 'DELETE')).toHaveLength(1);
    expect((await api.call('DELETE', `${maps}?fieldSelector=metadata.name%3Dy`)).status).toBe(200);
    expect((await api.patch(`${maps}/applied?fieldManager=me&force=true`, 'apply', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' } })).status).toBe(201);
    // The options are those of what is done; the objects of a collection are judged without a name.
    const options = (kind: string, more: object = {}): object => ({ kind, apiVersion: 'meta.k8s.io/v1', ...more });
    expect(cluster.seen.map(({ review }) => [review.operation, review.name, review.object?.data, review.oldObject?.metadata.name, review.options])).toEqual(expect.arrayContaining([
      ['UPDATE', 'kept', { a: '1' }, 'kept', options('UpdateOptions')], ['DELETE', 'kept', undefined, 'kept', options('DeleteOptions')], ['DELETE', undefined, undefined, 'y', options('DeleteOptions')],
      ['CREATE', 'applied', undefined, undefined, options('CreateOptions', { fieldManager: 'me' })],
    ]));
  });

  test('failurePolicy decides about webhooks that cannot be asked', async () => {
    await using cluster = await startWebhookCluster(() => undefined);
    const { api } = cluster;
    const unknown = { clientConfig: { service: { namespace: 'default', name: 'absent' } } };
    await configure(api, 'validating', 'v', hook('a.example.com', { more: { ...unknown, failurePolicy: 'Ignore' } }));
    expect((await api.post(maps, { metadata: { name: 'x' } })).status).toBe(201);
    await configure(api, 'validating', 'w', hook('b.example.com', { more: { ...unknown, failurePolicy: 'Fail' } }));
    const { status, body } = await api.post(maps, { metadata: { name: 'y' } });
    expect([status, body.reason, body.message]).toEqual([
      500, 'InternalError',
      'Internal error occurred: failed calling webhook "b.example.com": failed to call webhook: Post "https://absent.default.svc:443/?timeout=10s": service "absent" not found',
    ]);
  });

  test('a slow webhook costs its timeout, no more', async () => {
    await using cluster = await startWebhookCluster(() => undefined);
    await configure(cluster.api, 'validating', 'v', hook('a.example.com', { path: '/always-allow-delay-5s', more: { timeoutSeconds: 1 } }));
    const { body } = await cluster.api.post(maps, { metadata: { name: 'x' } });
    expect(body.message).toBe('Internal error occurred: failed calling webhook "a.example.com": failed to call webhook: Post "https://hook.default.svc:443/always-allow-delay-5s?timeout=1s": context deadline exceeded');
  });

  test('a webhook is told no more time than the request has left, and asked nothing once that is over', async () => {
    await using cluster = await startWebhookCluster((_review, path) => (path === '/slow' ? undefined : allow));
    await configure(cluster.api, 'validating', 'v', hook('a.example.com', { path: '/long', more: { timeoutSeconds: 20 } }), hook('b.example.com', { path: '/short', more: { timeoutSeconds: 3 } }));
    expect((await cluster.api.post(`${maps}?timeout=8s`, { metadata: { name: 'x' } })).status).toBe(201);
    expect(cluster.seen.map(({ path }) => path).sort()).toEqual(['/long?timeout=8s', '/short?timeout=3s']);

    const patient = { failurePolicy: 'Ignore', timeoutSeconds: 10 };
    await configure(cluster.api, 'mutating', 'm', hook('a.example.com', { path: '/slow', more: patient }), hook('b.example.com', { path: '/next', more: patient }));
    const late = await cluster.api.post(`${maps}?timeout=300ms`, { metadata: { name: 'y' } });
    expect([late.status, late.headers['content-type'], JSON.parse(late.text)]).toEqual([504, 'text/plain; charset=utf-8', {
      metadata: {}, status: 'Failure', message: 'Timeout: request did not complete within the allotted timeout', reason: 'Timeout', details: {}, code: 504,
    }]);
    expect(cluster.seen.slice(2).map(({ path }) => path)).toEqual(['/slow?timeout=1s']);
  });

  test('dry run asks only webhooks without side effects; configurations are never judged', async () => {
    await using cluster = await startWebhookCluster(() => ({ allowed: false }));
    const { api } = cluster;
    await configure(api, 'validating', 'v', hook('a.example.com', { rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }], more: { sideEffects: 'NoneOnDryRun' } }));
    expect((await api.post(`${maps}?dryRun=All`, { metadata: { name: 'x' } })).body.message).toContain('denied the request');
    expect(cluster.seen[0]?.review.dryRun).toBe(true);
    expect((await api.del('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v')).status).toBe(200);
    expect((await api.post(maps, { metadata: { name: 'x' } })).status).toBe(201);
  });

  test('warnings reach the client, and nonsense is refused', async () => {
    const replies: Record<string, Record<string, unknown>> = { '/warn': { allowed: true, warnings: ['careful', 'careful', ''] }, '/uid': { allowed: true, uid: 'wrong' }, '/patch': patchOf({ op: 'add', path: '/data', value: {} }) };
    await using cluster = await startWebhookCluster((_review, path) => replies[path] ?? allow);
    const { api } = cluster;
    await configure(api, 'validating', 'v', hook('warn.example.com', { path: '/warn' }));
    expect((await api.post(maps, { metadata: { name: 'x' } })).headers.warning).toBe('299 - "careful"');
    await configure(api, 'validating', 'w', hook('uid.example.com', { path: '/uid' }));
    expect((await api.post(maps, { metadata: { name: 'y' } })).body.message).toMatch(/failed calling webhook "uid.example.com": received invalid webhook response: expected response.uid="[^"]+", got "wrong"$/);
    await api.del('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/w');
    await configure(api, 'validating', 'w', hook('patch.example.com', { path: '/patch' }));
    expect((await api.post(maps, { metadata: { name: 'y' } })).body.message).toContain('received invalid webhook response: validating webhook may not return response.patch');
  });

  test('selectors: the namespace, its own labels when it is made, the old or the new object', async () => {
    await using cluster = await startWebhookCluster(() => allow);
    const { api, seen } = cluster;
    await api.post('/api/v1/namespaces', { metadata: { name: 'watched', labels: { watch: 'yes' } } });
    await configure(api, 'validating', 'v',
      hook('ns.example.com', { path: '/ns', rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps', 'namespaces', 'nodes'] }], more: { namespaceSelector: { matchLabels: { watch: 'yes' } } } }),
      hook('object.example.com', { path: '/object', more: { objectSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } } }));
    await api.post(maps, { metadata: { name: 'a' } });
    await api.post('/api/v1/namespaces/watched/configmaps', { metadata: { name: 'b' } });
    await api.post('/api/v1/namespaces', { metadata: { name: 'other', labels: { watch: 'yes' } } });
    await api.post('/api/v1/nodes', { metadata: { name: 'node' } });
    await api.post(maps, { metadata: { name: 'c', labels: { app: 'x' } } });
    await api.patch(`${maps}/c`, 'merge', { metadata: { labels: null } });
    await api.patch(`${maps}/c`, 'merge', { data: { k: 'v' } });
    expect(seen.map(({ path, review }) => `${path.split('?')[0] ?? ''} ${review.operation} ${review.name ?? ''}`)).toEqual(['/ns CREATE b', '/ns CREATE other', '/ns CREATE node', '/object CREATE c', '/object UPDATE c']);
  });

  test('rules: subresources, scope, other versions of the same thing', async () => {
    await using cluster = await startWebhookCluster(() => allow);
    const { api, seen } = cluster;
    const rule = (group: string, version: string, resource: string, scope = '*') => [{ operations: ['*'], apiGroups: [group], apiVersions: [version], resources: [resource], scope }];
    await configure(api, 'validating', 'v',
      hook('status.example.com', { path: '/status', rules: rule('', 'v1', 'pods/status') }),
      hook('cluster.example.com', { path: '/cluster', rules: rule('', '*', '*', 'Cluster') }),
      hook('exact.example.com', { path: '/exact', rules: rule('autoscaling', 'v1', '*'), more: { matchPolicy: 'Exact' } }),
      hook('equivalent.example.com', { path: '/equivalent', rules: rule('autoscaling', 'v1', '*') }));
    await api.post('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', { metadata: { name: 'h' }, spec: { maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } } });
    await api.post('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    await api.patch('/api/v1/namespaces/default/pods/p/status', 'merge', { status: { phase: 'Running' } });
    await api.post('/api/v1/namespaces', { metadata: { name: 'n' } });
    expect(seen.map(({ path, review }) => [path.split('?')[0], review.subResource ?? '', review.kind.version, review.requestKind.version, review.object.apiVersion])).toEqual([
      ['/equivalent', '', 'v1', 'v2', 'autoscaling/v1'], ['/status', 'status', 'v1', 'v1', 'v1'], ['/cluster', '', 'v1', 'v1', 'v1'],
    ]);
  });
});

describe('mutating', () => {
  test('patches add up, are defaulted and stored', async () => {
    const answers: Record<string, Record<string, unknown>> = {
      '/one': patchOf({ op: 'add', path: '/data/mutation-stage-1', value: 'yes' }), '/two': patchOf({ op: 'test', path: '/data/mutation-stage-1', value: 'yes' }, { op: 'add', path: '/data/mutation-stage-2', value: 'yes' }),
    };
    await using cluster = await startWebhookCluster((_review, path) => answers[path] ?? allow);
    const { api } = cluster;
    await configure(api, 'mutating', 'b', hook('two.example.com', { path: '/two' }));
    await configure(api, 'mutating', 'a', hook('one.example.com', { path: '/one' }));
    await api.post(maps, { metadata: { name: 'x' }, data: { a: 'b' } });
    expect((await api.get(`${maps}/x`)).body.data).toEqual({ a: 'b', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' });
  });

  test('a pod gets an init container with defaults', async () => {
    await using cluster = await startWebhookCluster(() => patchOf({ op: 'add', path: '/spec/initContainers', value: [{ image: 'webhook-added-image', name: 'webhook-added-init-container', resources: {}, unknownField: 1 }] }));
    const { api } = cluster;
    await configure(api, 'mutating', 'm', hook('pods.example.com', { rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }] }));
    const { status, body } = await api.post('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    expect(status).toBe(201);
    expect(body.spec.initContainers).toEqual([{ image: 'webhook-added-image', name: 'webhook-added-init-container', resources: {}, imagePullPolicy: 'Always', terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' }]);
  });

  test('IfNeeded webhooks are asked again after a later change, once', async () => {
    await using cluster = await startWebhookCluster((review, path) => {
      if (path === '/later') return review.object.data.later === undefined ? patchOf({ op: 'add', path: '/data/later', value: 'x' }) : allow;
      return patchOf({ op: 'add', path: '/data/seen', value: Object.keys(review.object.data as object).filter((key) => key !== 'seen').join(',') });
    });
    const { api, seen } = cluster;
    await configure(api, 'mutating', 'a', hook('early.example.com', { path: '/early', more: { reinvocationPolicy: 'IfNeeded' } }), hook('never.example.com', { path: '/never' }), hook('later.example.com', { path: '/later' }));
    const { body } = await api.post(maps, { metadata: { name: 'x' }, data: { a: '' } });
    expect(body.data).toEqual({ a: '', seen: 'a,later', later: 'x' });
    expect(seen.map(({ path }) => path.split('?')[0])).toEqual(['/early', '/never', '/later', '/early']);
  });

  test('patches that do not fit are the server\'s own errors', async () => {
    const answers: Record<string, Record<string, unknown>> = {
      '/missing': patchOf({ op: 'test', path: '/metadata/name', value: 'y' }),
      '/nonsense': { allowed: true, patchType: 'JSONPatch', patch: Buffer.from('{').toString('base64') },
      '/untyped': { allowed: true, patch: Buffer.from('[]').toString('base64') },
      '/merge': { allowed: true, patchType: 'MergePatch', patch: Buffer.from('[{"op":"add","path":"/data","value":{}}]').toString('base64') },
      '/shape': patchOf({ op: 'add', path: '/data', value: 7 }),
    };
    await using cluster = await startWebhookCluster((_review, path) => answers[path] ?? allow);
    const { api } = cluster;
    const told: string[] = [];
    for (const path of Object.keys(answers)) {
      await configure(api, 'mutating', 'm', hook('m.example.com', { path }));
      told.push((await api.post(maps, { metadata: { name: 'x' }, data: {} })).body.message);
      await api.del('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/m');
    }
    expect(told.map((text) => text.replace(/ \(.*/, ''))).toEqual([
      'Internal error occurred: testing value /metadata/name failed: test failed',
      'Internal error occurred: failed calling webhook "m.example.com": received undecodable patch in webhook response: unexpected end of JSON input',
      'Internal error occurred: failed calling webhook "m.example.com": received invalid webhook response: webhook returned response.patch but not response.patchType',
      'Internal error occurred: failed calling webhook "m.example.com": unsupported patch type "MergePatch"',
      'Internal error occurred: json: cannot unmarshal number into Go struct field ConfigMap.data of type map[string]string',
    ]);
  });

  test('v1beta1 reviews are spoken to those who know no other', async () => {
    await using cluster = await startWebhookCluster(() => ({ ...patchOf({ op: 'add', path: '/data', value: { a: 'b' } }), uid: 'anything' }));
    const { api } = cluster;
    await configure(api, 'mutating', 'm', hook('m.example.com', { more: { admissionReviewVersions: ['v2', 'v1beta1', 'v1'] } }));
    expect((await api.post(maps, { metadata: { name: 'x' } })).body.data).toEqual({ a: 'b' });
    expect(cluster.seen[0]?.apiVersion).toBe('admission.k8s.io/v1beta1');
  });

  test('ownership that a webhook garbles stays as it was, with a warning', async () => {
    await using cluster = await startWebhookCluster(() => patchOf({ op: 'replace', path: '/metadata/managedFields/0/fieldsType', value: 'Invalid' }));
    const { api } = cluster;
    await configure(api, 'mutating', 'm', hook('m.example.com'));
    const { body, headers } = await api.post(maps, { metadata: { name: 'x' }, data: { a: 'b' } });
    expect(body.metadata.managedFields[0].fieldsType).toBe('FieldsV1');
    expect(headers.warning).toContain('.metadata.managedFields was in an invalid state after admission');
  });
});

test('a webhook cannot move an object into another namespace', async () => {
  const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/metadata/namespace', value: 'kube-system' }])).toString('base64');
  await using cluster = await startWebhookCluster(() => ({ allowed: true, patchType: 'JSONPatch', patch }));
  await configure(cluster.api, 'mutating', 'm', hook('m.example.com'));
  const { status, body } = await cluster.api.post(maps, { metadata: { name: 'moved' } });
  expect([status, body.message]).toEqual([400, 'the namespace of the provided object does not match the namespace sent on the request']);
  expect((await cluster.api.get('/api/v1/namespaces/kube-system/configmaps/moved')).status).toBe(404);
});

test('what happened is counted', async () => {
  await using cluster = await startWebhookCluster((review) => ({ allowed: review.name !== 'bad' }));
  const { api, world } = cluster;
  await configure(api, 'validating', 'v', hook('a.example.com'));
  await api.post(maps, { metadata: { name: 'good' } });
  await api.post(maps, { metadata: { name: 'bad' } });
  const text = await world.metrics.text();
  expect(text).toContain('apiserver_admission_webhook_request_total{code="200",name="a.example.com",operation="CREATE",rejected="false",type="validating"} 1');
  expect(text).toContain('apiserver_admission_webhook_rejection_count{error_type="no_error",name="a.example.com",operation="CREATE",rejection_code="400",type="validating"} 1');
});

test('a scale is judged as a Scale', async () => {
  await using cluster = await startWebhookCluster((review) => (review.object.spec?.replicas > 3 ? { allowed: false, status: { message: 'too many' } } : patchOf({ op: 'replace', path: '/spec/replicas', value: 2 })));
  const { api, seen } = cluster;
  await api.post('/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'd' }, spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
  });
  const rules = (resource: string): unknown[] => [{ operations: ['UPDATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: [resource] }];
  await configure(api, 'mutating', 'm', hook('scale.example.com', { path: '/scale', rules: rules('deployments/scale') }), hook('whole.example.com', { path: '/whole', rules: rules('deployments') }));
  const scale = '/apis/apps/v1/namespaces/default/deployments/d/scale';
  expect((await api.patch(scale, 'merge', { spec: { replicas: 3 } })).body.spec.replicas).toBe(2);
  expect((await api.patch(scale, 'merge', { spec: { replicas: 5 } })).body.message).toBe('admission webhook "scale.example.com" denied the request: too many');
  expect(seen.map(({ path, review }) => [path.split('?')[0], review.kind, review.resource.resource, review.subResource])).toEqual([
    ['/scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' }, 'deployments', 'scale'], ['/scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' }, 'deployments', 'scale'],
  ]);
});

test('custom resources: patched, pruned, and seen in the version that a webhook asks for', async () => {
  await using cluster = await startWebhookCluster((review, path) =>
    path === '/pruned' ? patchOf({ op: 'add', path: '/data/known', value: 'yes' }, { op: 'add', path: '/data/unknown', value: 'no' }) : { allowed: review.object.data.known === 'yes' });
  const { api, seen } = cluster;
  const version = (name: string, storage: boolean): unknown => ({
    name, served: true, storage, schema: { openAPIV3Schema: { type: 'object', properties: { data: { type: 'object', properties: { known: { type: 'string' }, a: { type: 'string' } } } } } },
  });
  await api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'tests.example.com' }, spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'tests', kind: 'Test', singular: 'test', listKind: 'TestList' }, versions: [version('v1', true), version('v2', false)] },
  });
  await vi.waitFor(async () => expect((await api.get('/apis/example.com/v2/namespaces/default/tests')).status).toBe(200));
  const rules = [{ operations: ['CREATE'], apiGroups: ['example.com'], apiVersions: ['v1'], resources: ['tests'] }];
  await configure(api, 'mutating', 'm', hook('m.example.com', { path: '/pruned', rules }));
  await configure(api, 'validating', 'v', hook('v.example.com', { path: '/check', rules }));
  const { status, body } = await api.post('/apis/example.com/v2/namespaces/default/tests', { apiVersion: 'example.com/v2', kind: 'Test', metadata: { name: 't' }, data: { a: 'b' } });
  expect([status, body.apiVersion, body.data]).toEqual([201, 'example.com/v2', { a: 'b', known: 'yes' }]);
  expect(seen.map(({ path, review }) => [path.split('?')[0], review.object.apiVersion, review.kind.version, review.requestKind.version])).toEqual([
    ['/pruned', 'example.com/v1', 'v1', 'v2'], ['/check', 'example.com/v1', 'v1', 'v2'],
  ]);
});

test('match conditions keep requests away; one that fails counts as the failure policy says', async () => {
  const world = testWorld();
  const everything: Authorizer = { name: 'all', authorize: () => ({ decision: 'allow', reason: '' }) };
  const compile: CompileConditions = (conditions, of) => {
    const matching = { reader: cluster.api.server.reader, writer: cluster.api.server.writer, resources: createResourceTable() };
    return admissionPolicies(world, matching, everything).compileConditions(conditions, of);
  };
  await using cluster = await startWebhookCluster(() => allow, compile);
  const { api, seen } = cluster;
  const conditions = (expression: string, failurePolicy = 'Fail') => ({ more: { failurePolicy, matchConditions: [{ name: 'c', expression }] } });
  await configure(api, 'validating', 'v', hook('skip.example.com', { path: '/named', ...conditions(`object.metadata.name.startsWith('x') && request.operation == 'CREATE'`) }), hook('open.example.com', { path: '/never', ...conditions('object.data.none == "1"', 'Ignore') }));
  expect((await api.post(maps, { metadata: { name: 'y' } })).status).toBe(201);
  expect((await api.post(maps, { metadata: { name: 'x' } })).status).toBe(201);
  expect(seen.map(({ path, review }) => [path.split('?')[0], review.name])).toEqual([['/named', 'x']]);
  await configure(api, 'validating', 'w', hook('closed.example.com', { path: '/never', ...conditions('object.data.none == "1"') }));
  const { status, body } = await api.post(maps, { metadata: { name: 'z' } });
  expect([status, body.message]).toEqual([403, expect.stringMatching(/^configmaps "z" is forbidden: .*no such key: /)]);
});
