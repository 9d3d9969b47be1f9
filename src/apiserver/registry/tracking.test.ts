// Ownership over several versions of one kind, the two sets of rules for events, and warnings, as clients see them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryStore, type Store } from '#store';
import { startTestServer, testWorld, type TestServer } from '../test-server.case.ts';

const base = (version: string): string => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;

describe('an apply', () => {
  it('names what it creates, and need not name what is there', async () => {
    const store = openMemoryStore(testWorld());
    await using api = await startTestServer(store);
    const map = (metadata?: unknown) => api.call('PATCH', '/api/v1/namespaces/default/configmaps/m?fieldManager=a', { apiVersion: 'v1', kind: 'ConfigMap', ...(metadata === undefined ? {} : { metadata }), data: { a: '1' } }, { 'content-type': 'application/apply-patch+yaml' });
    const nameless = await map();
    expect([nameless.status, nameless.body.message]).toEqual([400, 'the name of the object (m based on URL) was undeterminable: name must be provided']);
    expect((await api.get('/api/v1/namespaces/default/configmaps/m')).status).toBe(404);
    expect((await map({ name: 'm' })).status).toBe(201);
    expect((await map()).status).toBe(200);
    const other = await map({ name: 'n' });
    expect([other.status, other.body.message]).toEqual([400, 'the name of the object (n) does not match the name on the URL (m)']);
    await store.close();
  });
});

describe('writes through a version', () => {
  let store: Store;
  let api: TestServer;

  beforeEach(async () => {
    store = openMemoryStore(testWorld());
    api = await startTestServer(store);
  });
  afterEach(async () => {
    await api[Symbol.asyncDispose]();
    await store.close();
  });

  const apply = (path: string, manager: string, body: unknown, force = false) =>
    api.call('PATCH', `${path}?fieldManager=${manager}&force=${force}`, body, { 'content-type': 'application/apply-patch+yaml' });
  const scaler = (version: string, spec: Record<string, unknown>) => ({
    apiVersion: `autoscaling/${version}`, kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 5, ...spec },
  });
  const owners = (body: { metadata: { managedFields?: { manager: string; apiVersion: string; fieldsV1: Record<string, Record<string, unknown>> }[] } }) =>
    Object.fromEntries((body.metadata.managedFields ?? []).map((entry) => [`${entry.manager} ${entry.apiVersion}`, Object.keys(entry.fieldsV1['f:spec'] ?? {}).sort()]));

  it('are owned in that version, and a change through another takes from it', async () => {
    const made = await apply(`${base('v1')}/h`, 'one', scaler('v1', { minReplicas: 1, targetCPUUtilizationPercentage: 50 }));
    expect(made.status).toBe(201);
    expect(owners(made.body)).toEqual({ 'one autoscaling/v1': ['f:maxReplicas', 'f:minReplicas', 'f:scaleTargetRef', 'f:targetCPUUtilizationPercentage'] });

    const target = (percent: number) => [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } }];
    const refused = await apply(`${base('v2')}/h`, 'two', scaler('v2', { metrics: target(60) }));
    expect(refused.status).toBe(409);
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "one": .spec.targetCPUUtilizationPercentage');

    const forced = await apply(`${base('v2')}/h`, 'two', scaler('v2', { metrics: target(60) }), true);
    expect(forced.status).toBe(200);
    expect(owners(forced.body)).toEqual({
      'one autoscaling/v1': ['f:maxReplicas', 'f:minReplicas', 'f:scaleTargetRef'],
      'two autoscaling/v2': ['f:maxReplicas', 'f:metrics', 'f:scaleTargetRef'],
    });
  });

  it('updates are told in the version of the request', async () => {
    await api.call('POST', `${base('v1')}?fieldManager=old`, scaler('v1', { targetCPUUtilizationPercentage: 50 }));
    const { body } = await api.get(`${base('v2')}/h`);
    expect(owners(body)).toEqual({ 'old autoscaling/v1': ['f:maxReplicas', 'f:minReplicas', 'f:scaleTargetRef', 'f:targetCPUUtilizationPercentage'] });
  });

  it('of a daemon set include the generation of its template, which whoever leaves it out resets', async () => {
    const sets = '/apis/apps/v1/namespaces/default/daemonsets';
    const annotation = 'deprecated.daemonset.template.generation';
    const set = (image: string, annotations?: Record<string, string>) => ({
      metadata: { name: 'd', annotations }, spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image }] } } },
    });
    const annotationsOf = (body: { metadata: { managedFields: { manager: string; fieldsV1: Record<string, Record<string, unknown>> }[] } }) =>
      Object.fromEntries(body.metadata.managedFields.map((entry) => [entry.manager, entry.fieldsV1['f:metadata']?.['f:annotations']]));
    const made = await api.post(`${sets}?fieldManager=create`, set('i'));
    expect(made.body.metadata.annotations).toEqual({ [annotation]: '1' });
    expect(annotationsOf(made.body)).toEqual({ create: { '.': {}, [`f:${annotation}`]: {} } });

    const kept = await api.put(`${sets}/d?fieldManager=keeper`, set('j', { [annotation]: '1' }));
    expect(kept.body.metadata.annotations).toEqual({ [annotation]: '2' });
    expect(annotationsOf(kept.body)).toEqual({ create: { '.': {}, [`f:${annotation}`]: {} }, keeper: undefined });

    const left = await api.put(`${sets}/d?fieldManager=update`, set('j'));
    expect(left.body.metadata.annotations).toEqual({ [annotation]: '2' });
    expect(annotationsOf(left.body)).toEqual({ create: {}, keeper: undefined, update: { [`f:${annotation}`]: {} } });

    const refused = await api.put(`${sets}/d`, set('j', { [annotation]: 'x' }));
    expect([refused.status, refused.body.message]).toEqual([400, 'DaemonSet in version "v1" cannot be handled as a DaemonSet: strconv.ParseInt: parsing "x": invalid syntax']);
  });

  it('events have stricter rules in their own group', async () => {
    const about = { kind: 'Pod', namespace: 'default', name: 'p' };
    const core = await api.post('/api/v1/namespaces/default/events', { metadata: { name: 'a' }, involvedObject: about, reason: 'R' });
    expect(core.status).toBe(201);
    const strict = await api.post('/apis/events.k8s.io/v1/namespaces/default/events', { metadata: { name: 'b' }, regarding: about, reason: 'R', deprecatedCount: 2 });
    expect(strict.status).toBe(422);
    expect(strict.body.details.causes.map((cause: { field: string; message: string }) => `${cause.field}: ${cause.message}`)).toEqual([
      'eventTime: Required value', 'type: Invalid value: "": has invalid value: ', 'count: Invalid value: "": needs to be unset',
    ]);
  });

  it('warn of what is accepted and will surprise', async () => {
    const spec = { containers: [{ name: 'c', image: 'i', env: [{ name: 'A', value: '1' }, { name: 'A', value: '2' }] }], nodeSelector: { 'beta.kubernetes.io/os': 'linux' } };
    const answer = await api.post('/api/v1/namespaces/default/pods', { metadata: { name: 'web.1' }, spec });
    expect(answer.status).toBe(201);
    const warnings = String(answer.headers['warning']);
    expect(warnings).toContain(`metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]`);
    expect(warnings).toContain('spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \\"kubernetes.io/os\\" instead');
    expect(warnings).toContain('spec.containers[0].env[1]: hides previous definition of \\"A\\", which may be dropped when using apply');
  });
});
