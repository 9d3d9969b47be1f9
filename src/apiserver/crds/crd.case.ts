// What every client may rely on of custom resources, whatever the store: definitions and their conditions, the verbs
// and subresources of their objects, versions, selectors, Tables, discovery, deletion. Texts are upstream's.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { encodeCbor } from '#machinery';
import type { Store } from '#store';
import { startTestServer, watchEvents, type Answer, type TestServer } from '../test-server.case.ts';

export const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const group = '/apis/stable.example.com';
const tabs = `${group}/v1/namespaces/default/crontabs`;

type Json = Record<string, unknown>;

export function version(name: string, more: Json = {}, properties: Json = {}): Json {
  return {
    name, served: true, storage: name === 'v1',
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          spec: {
            type: 'object',
            properties: {
              cronSpec: { type: 'string', pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$' },
              replicas: { type: 'integer', minimum: 1, maximum: 10 },
              image: { type: 'string', default: 'busybox' },
              ports: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port'], items: { type: 'object', required: ['port'], properties: { port: { type: 'integer' }, name: { type: 'string' } } } },
              tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
              free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              ...properties,
            },
          },
          status: { type: 'object', properties: { replicas: { type: 'integer' }, labelSelector: { type: 'string' }, phase: { type: 'string' } } },
        },
      },
    },
    subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.labelSelector' } },
    ...more,
  };
}

export function definition(versions: Json[] = [version('v1')], more: Json = {}, names: Json = {}): Json {
  const all = { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', shortNames: ['ct'], categories: ['all'], ...names };
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: `${String(all.plural)}.stable.example.com` },
    spec: { group: 'stable.example.com', scope: 'Namespaced', names: all, versions, ...more },
  };
}

export function tab(name: string, spec: Json = {}, apiVersion = 'stable.example.com/v1'): Json {
  return { apiVersion, kind: 'CronTab', metadata: { name }, spec };
}

/** Reads until `done`; the server works in turns of its own. */
export async function until(read: () => Promise<Answer>, done: (answer: Answer) => boolean): Promise<Answer> {
  const started = systemClock.monotonic();
  while (systemClock.monotonic() - started < 4000) {
    const answer = await read();
    if (done(answer)) return answer;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  throw new Error(`never came true: ${(await read()).text}`);
}

function condition(answer: Answer, type: string): Json | undefined {
  return answer.body.status?.conditions?.find((one: Json) => one['type'] === type);
}

export async function establish(api: TestServer, body: Json = definition()): Promise<Answer> {
  const made = await api.post(definitions, body);
  expect([made.status, made.status === 201 ? '' : made.text]).toEqual([201, '']);
  return until(() => api.get(`${definitions}/${made.body.metadata.name}`), (answer) => condition(answer, 'Established')?.['status'] === 'True');
}

export interface SuiteStore {
  readonly store: Store;
  close(): Promise<void>;
}

export function customResourceSuite(name: string, open: () => Promise<SuiteStore>): void {
  describe(`custom resources on the ${name} store`, () => {
    let opened: SuiteStore;
    let api: TestServer;

    beforeEach(async () => {
      opened = await open();
      api = await startTestServer(opened.store, { cbor: true });
    });
    afterEach(async () => {
      await api[Symbol.asyncDispose]();
      await opened.close();
    });

    describe('definitions', () => {
      it('are established once their names are accepted', async () => {
        const { body } = await establish(api);
        expect(body.status.conditions.map((one: Json) => [one['type'], one['status'], one['reason'], one['message']])).toEqual([
          ['NamesAccepted', 'True', 'NoConflicts', 'no conflicts found'],
          ['Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted'],
        ]);
        expect(body.status).toMatchObject({ acceptedNames: { plural: 'crontabs', singular: 'crontab', kind: 'CronTab', listKind: 'CronTabList', shortNames: ['ct'], categories: ['all'] }, storedVersions: ['v1'] });
        expect(body.spec.conversion).toEqual({ strategy: 'None' });
        expect(body.metadata.generation).toBe(1);
      });

      it('with names that others have are told so, and served when those go', async () => {
        await establish(api);
        await api.post(definitions, definition([version('v1')], {}, { plural: 'others', singular: 'other', kind: 'CronTab', listKind: 'Others', shortNames: ['ct'] }));
        const refused = await until(() => api.get(`${definitions}/others.stable.example.com`), (answer) => condition(answer, 'NamesAccepted') !== undefined);
        expect(condition(refused, 'NamesAccepted')).toMatchObject({ status: 'False', reason: 'KindConflict', message: '"CronTab" is already in use' });
        expect(condition(refused, 'Established')).toMatchObject({ status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' });
        expect((await api.get(`${group}/v1/namespaces/default/others`)).status).toBe(404);
        await api.del(`${definitions}/crontabs.stable.example.com`);
        await until(() => api.get(`${definitions}/others.stable.example.com`), (answer) => condition(answer, 'Established')?.['status'] === 'True');
        expect((await api.get(`${group}/v1/namespaces/default/others`)).status).toBe(200);
      });

      it('take their objects with them', async () => {
        await establish(api);
        await api.post(tabs, tab('a'));
        const { resourceVersion } = (await api.get(tabs)).body.metadata;
        const watching = watchEvents(api, `${tabs}?watch=1&resourceVersion=${resourceVersion}`, 100);
        const deleted = await api.del(`${definitions}/crontabs.stable.example.com`);
        expect(deleted.body.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
        expect(condition(deleted, 'Terminating')).toMatchObject({ status: 'True', reason: 'InstanceDeletionPending' });
        await until(() => api.get(`${definitions}/crontabs.stable.example.com`), (answer) => answer.status === 404);
        expect((await watching).map((event) => event.type)).toEqual(['DELETED']);
        await until(() => api.get(tabs), (answer) => answer.status === 404);
        await establish(api, definition([version('v1')], { scope: 'Cluster' }));
        expect((await api.get(`${group}/v1/crontabs`)).body.items).toEqual([]);
        expect((await api.get(tabs)).status).toBe(404);
      });

      it('wait for finalizers of their objects and create no more', async () => {
        await establish(api);
        await api.post(tabs, { ...tab('held'), metadata: { name: 'held', finalizers: ['example.com/hold'] } });
        await api.del(`${definitions}/crontabs.stable.example.com`);
        await until(() => api.get(`${tabs}/held`), (answer) => answer.body.metadata?.deletionTimestamp !== undefined);
        const refused = await api.post(tabs, tab('late'));
        expect([refused.status, refused.body.message]).toEqual([403, 'crontabs.stable.example.com "late" is forbidden: create not allowed while custom resource definition is terminating']);
        await api.patch(`${tabs}/held`, 'merge', { metadata: { finalizers: null } });
        await until(() => api.get(`${definitions}/crontabs.stable.example.com`), (answer) => answer.status === 404);
      });
    });

    describe('objects', () => {
      beforeEach(async () => void (await establish(api)));

      it('are created with defaults, pruned, and read in every way', async () => {
        const made = await api.post(tabs, { ...tab('a', { cronSpec: '* * * * */5', nosuch: 1, free: { x: { y: 1 } } }), status: { phase: 'x' } });
        expect(made.status).toBe(201);
        expect(made.body).toMatchObject({ apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'a', namespace: 'default', generation: 1 } });
        expect(made.body.spec).toEqual({ cronSpec: '* * * * */5', free: { x: { y: 1 } }, image: 'busybox' });
        expect(made.body.status).toBeUndefined();
        expect(made.headers.warning).toBe('299 - "unknown field \\"spec.nosuch\\""');
        expect((await api.get(`${tabs}/a`)).body).toEqual(made.body);
        const list = await api.get(`${group}/v1/crontabs`);
        expect(list.body).toMatchObject({ kind: 'CronTabList', apiVersion: 'stable.example.com/v1' });
        expect(list.body.items).toEqual([made.body]);
        const yaml = await api.call('POST', tabs, 'apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata:\n  name: yam\n', { 'content-type': 'application/yaml' });
        expect(yaml.status).toBe(201);
        expect((await api.get(`${tabs}/a`, { accept: 'application/vnd.kubernetes.protobuf' })).status).toBe(406);
      });

      it('are refused in the words of upstream', async () => {
        const { status, body } = await api.post(tabs, tab('bad', { cronSpec: 5, replicas: 11, tags: ['a', 'b', 'a'], ports: [{ port: 1 }, { port: 1 }, {}] }));
        expect(status).toBe(422);
        expect(body.message).toBe(
          'CronTab.stable.example.com "bad" is invalid: [spec.cronSpec: Invalid value: "integer": spec.cronSpec in body must be of type string: "integer", ' +
          'spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10, ' +
          'spec.ports[2].port: Required value, spec.tags[2]: Duplicate value: "a", spec.ports[1]: Duplicate value: {"port":1}]',
        );
      });

      it('add nothing to a version that the server has of its own', async () => {
        const names = { plural: 'foos', singular: 'foo', kind: 'Foo', listKind: 'FooList', shortNames: [] };
        const shadow = definition([version('v1')], { group: 'networking.k8s.io' }, names);
        const metadata = { name: 'foos.networking.k8s.io', annotations: { 'api-approved.kubernetes.io': 'unapproved, test-only' } };
        expect((await api.post(definitions, { ...shadow, metadata })).status).toBe(201);
        await until(() => api.get(`${definitions}/foos.networking.k8s.io`), ({ body }) => body.status.conditions?.some((found: Json) => found.type === 'Established' && found.status === 'True') === true);
        const told = (await api.get('/apis/networking.k8s.io/v1')).body.resources.map((found: Json) => found.name);
        expect(told).toContain('networkpolicies');
        expect(told).not.toContain('foos');
        expect((await api.get('/apis/networking.k8s.io/v1/namespaces/default/foos')).status).toBe(404);
      });

      it('obey fieldValidation', async () => {
        const text = '{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"s","extra":1},"spec":{"cronSpec":"* * * * *","image":"a","image":"b","no":1}}';
        const strict = await api.call('POST', `${tabs}?fieldValidation=Strict`, text);
        expect([strict.status, strict.body.message]).toEqual([
          400, 'CronTab in version "v1" cannot be handled as a CronTab: strict decoding error: duplicate field "spec.image", unknown field "metadata.extra", unknown field "spec.no"',
        ]);
        const ignored = await api.call('POST', `${tabs}?fieldValidation=Ignore`, text);
        expect([ignored.status, ignored.headers.warning]).toEqual([201, undefined]);
        const patched = await api.call('PATCH', `${tabs}/s?fieldValidation=Strict`, { spec: { no: 2 } }, { 'content-type': 'application/merge-patch+json' });
        expect(patched.status).toBe(422);
        expect(patched.body.message).toContain('strict decoding error: unknown field "spec.no"');
      });

      it('are updated: generations, status apart, conflicts', async () => {
        const made = (await api.post(tabs, tab('u', { replicas: 1 }))).body;
        const changed = await api.put(`${tabs}/u`, { ...made, spec: { replicas: 2 }, status: { phase: 'no' } });
        expect(changed.body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2, image: 'busybox' } });
        expect(changed.body.status).toBeUndefined();
        expect((await api.put(`${tabs}/u`, made)).status).toBe(409);
        const { resourceVersion: _rv, ...unversioned } = made.metadata;
        expect((await api.put(`${tabs}/u`, { ...made, metadata: unversioned })).body.message).toContain('metadata.resourceVersion: Invalid value: 0x0: must be specified for an update');
        const reported = await api.patch(`${tabs}/u/status`, 'merge', { status: { phase: 'Running', replicas: 3, labelSelector: 'a=b' }, spec: { replicas: 9 }, metadata: { labels: { a: 'b' } } });
        expect(reported.body).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 2 }, status: { phase: 'Running' } });
        expect(reported.body.metadata.labels).toBeUndefined();
        const scale = await api.get(`${tabs}/u/scale`);
        expect(scale.body).toMatchObject({ kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 2 }, status: { replicas: 3, selector: 'a=b' } });
        expect((await api.patch(`${tabs}/u/scale`, 'merge', { spec: { replicas: 7 } })).body.spec).toEqual({ replicas: 7 });
        expect((await api.get(`${tabs}/u`)).body).toMatchObject({ metadata: { generation: 3 }, spec: { replicas: 7 }, status: { phase: 'Running' } });
        // A Scale says nothing of a version: it is for the object as it is now.
        const asCbor = encodeCbor('autoscaling.v1.Scale', { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'u' }, spec: { replicas: 8 }, status: { replicas: 0 } });
        expect(await api.call('PUT', `${tabs}/u/scale`, asCbor, { 'content-type': 'application/cbor' })).toMatchObject({ status: 200, body: { spec: { replicas: 8 } } });
        const late = { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'u', resourceVersion: scale.body.metadata.resourceVersion }, spec: { replicas: 9 } };
        expect((await api.put(`${tabs}/u/scale`, late)).status).toBe(409);
        expect((await api.get(`${tabs}/u/nosuch`)).status).toBe(404);
        expect((await api.patch(`${tabs}/u`, 'strategic', {})).status).toBe(415);
      });

      it('tolerate what was wrong before and is left alone', async () => {
        const made = (await api.post(tabs, tab('r', { cronSpec: '* * * * *', ports: [{ port: 1, name: 'a' }, { port: 2, name: 'b' }] }))).body;
        const stricter = version('v1', {}, { cronSpec: { type: 'string', maxLength: 3 } });
        await api.patch(`${definitions}/crontabs.stable.example.com`, 'merge', { spec: { versions: [stricter] } });
        await until(() => api.put(`${tabs}/none?dryRun=All`, tab('none', { cronSpec: '* * * * *' })), () => true);
        await until(() => api.post(`${tabs}?dryRun=All`, tab('x', { cronSpec: 'abcd' })), (answer) => answer.body.message?.includes('Too long') === true);
        expect((await api.patch(`${tabs}/r`, 'merge', { spec: { replicas: 3 } })).status).toBe(200);
        const { status, body } = await api.patch(`${tabs}/r`, 'merge', { spec: { cronSpec: 'abcd' } });
        expect([status, body.message]).toEqual([422, 'CronTab.stable.example.com "r" is invalid: spec.cronSpec: Too long: may not be more than 3 bytes']);
        expect(made.spec.ports).toHaveLength(2);
      });

      it('are applied with the list types of their schema', async () => {
        const apply = (manager: string, spec: Json, force = false) =>
          api.call('PATCH', `${tabs}/s?fieldManager=${manager}${force ? '&force=true' : ''}`, tab('s', spec), { 'content-type': 'application/apply-patch+yaml' });
        expect((await apply('a', { ports: [{ port: 80, name: 'web' }], tags: ['x'] })).status).toBe(201);
        expect((await apply('b', { ports: [{ port: 81, name: 'tls' }], tags: ['y'] })).body.spec).toMatchObject({ ports: [{ port: 80, name: 'web' }, { port: 81, name: 'tls' }], tags: ['x', 'y'] });
        const conflict = await apply('b', { ports: [{ port: 80, name: 'other' }] });
        expect([conflict.status, conflict.body.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "a": .spec.ports[port=80].name']);
        expect((await apply('a', { tags: ['x'] })).body.spec.ports).toEqual([{ port: 81, name: 'tls' }]);
        const unknown = await apply('c', { nosuch: 1 });
        expect([unknown.status, unknown.body.message]).toEqual([500, 'failed to create typed patch object (/s; stable.example.com/v1, Kind=CronTab): .spec.nosuch: field not declared in schema']);
      });

      it('are listed in chunks, by label, and watched', async () => {
        for (const name of ['a', 'b', 'c']) await api.post(tabs, { ...tab(name), metadata: { name, labels: { app: name } } });
        const first = await api.get(`${tabs}?limit=2`);
        expect(first.body.items.map((item: Answer['body']) => item.metadata.name)).toEqual(['a', 'b']);
        const second = await api.get(`${tabs}?limit=2&continue=${first.body.metadata.continue}`);
        expect(second.body.items.map((item: Answer['body']) => item.metadata.name)).toEqual(['c']);
        expect((await api.get(`${tabs}?labelSelector=app%3Db`)).body.items).toHaveLength(1);
        expect((await api.get(`${tabs}?fieldSelector=metadata.name%3Dc`)).body.items).toHaveLength(1);
        expect((await api.get(`${tabs}?fieldSelector=spec.image%3Dc`)).body.message).toBe('field label not supported: spec.image');
        const events = await watchEvents(api, `${tabs}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`, 4);
        expect(events.map((event) => event.type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'BOOKMARK']);
        expect(events[3]?.object).toMatchObject({ kind: 'CronTab', apiVersion: 'stable.example.com/v1' });
        expect((await api.call('DELETE', tabs)).body.items).toHaveLength(3);
        expect((await api.get(tabs)).body.items).toEqual([]);
      });

      it('are told in discovery', async () => {
        const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
        const before = await api.get('/apis', { accept: aggregated });
        const found = before.body.items.find((one: Answer['body']) => one.metadata.name === 'stable.example.com');
        expect(found.versions[0].resources[0]).toMatchObject({ resource: 'crontabs', singularResource: 'crontab', scope: 'Namespaced', shortNames: ['ct'], categories: ['all'], verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'] });
        expect((await api.get(`${group}/v1`)).body.resources.map((one: Json) => one['name'])).toEqual(['crontabs', 'crontabs/status', 'crontabs/scale']);
        expect((await api.get(group)).body).toMatchObject({ kind: 'APIGroup', name: 'stable.example.com', preferredVersion: { version: 'v1' } });
        await api.del(`${definitions}/crontabs.stable.example.com`);
        await until(() => api.get(`${definitions}/crontabs.stable.example.com`), (answer) => answer.status === 404);
        await until(() => api.get(`${group}/v1`), (answer) => answer.status === 404);
        expect((await api.get('/apis', { accept: aggregated })).headers.etag).not.toBe(before.headers.etag);
      });
    });

    it('are told in OpenAPI as they are, with every change', async () => {
      const json = { accept: 'application/json' };
      const v3 = async (): Promise<Answer> => api.get('/openapi/v3/apis/stable.example.com/v1', json);
      const index = async (group = 'stable.example.com'): Promise<unknown> => (JSON.parse((await api.get('/openapi/v3', json)).text) as { paths: Json }).paths[`apis/${group}/v1`];
      expect([(await v3()).status, await index()]).toEqual([404, undefined]);
      const builtIn = await index('apps');
      const made = await establish(api);
      const first = await index();
      const { properties } = (await v3()).body.components.schemas['com.example.stable.v1.CronTab'];
      expect(properties.spec.properties.replicas).toEqual({ type: 'integer', minimum: 1, maximum: 10 });
      expect(properties.metadata.allOf).toEqual([{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }]);
      const v2 = await api.get('/openapi/v2', json);
      expect(v2.body.definitions['com.example.stable.v1.CronTab'].properties.spec.properties.free).toEqual({ 'x-kubernetes-preserve-unknown-fields': true });
      expect(v2.body.definitions['com.example.stable.v1.CronTabList']['x-kubernetes-group-version-kind']).toEqual([{ group: 'stable.example.com', kind: 'CronTabList', version: 'v1' }]);
      const body = made.body as Json & { spec: Json };
      await api.put(`${definitions}/crontabs.stable.example.com`, { ...body, spec: { ...body.spec, versions: [version('v1', {}, { more: { type: 'string', description: 'New.' } })] } });
      const again = await until(v3, (answer) => answer.text.includes('New.'));
      expect([again.status, (await index()) === first, await index('apps')]).toEqual([200, false, builtIn]);
      await api.del(`${definitions}/crontabs.stable.example.com`);
      await until(v3, (answer) => answer.status === 404);
      expect((await api.get('/openapi/v2', json)).text).not.toContain('CronTab');
    });

    it('show the columns of their definition', async () => {
      const columns = [
        { name: 'Spec', type: 'string', description: 'The spec', jsonPath: '.spec.cronSpec' },
        { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
        { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      ];
      await establish(api, definition([version('v1', { additionalPrinterColumns: columns })]));
      await api.post(tabs, tab('a', { cronSpec: '* * * * *', replicas: 3 }));
      const table = await api.get(tabs, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
      expect(table.body.columnDefinitions.map((one: Json) => [one['name'], one['type'], one['priority']])).toEqual([['Name', 'string', 0], ['Spec', 'string', 0], ['Replicas', 'integer', 1], ['Age', 'date', 0]]);
      expect(table.body.rows[0].cells.slice(0, 3)).toEqual(['a', '* * * * *', 3]);
      expect(table.body.rows[0].object.kind).toBe('PartialObjectMetadata');
    });

    it('are served in several versions over one store', async () => {
      const v2 = version('v2', { storage: false, selectableFields: [{ jsonPath: '.spec.cronSpec' }] }, { extra: { type: 'string', default: 'more' } });
      const beta = version('v1beta1', { storage: false, deprecated: true });
      await establish(api, definition([version('v1', { selectableFields: [{ jsonPath: '.spec.image' }] }), beta, v2]));
      await api.post(tabs, tab('a', { replicas: 1, cronSpec: '* * * * *' }));
      const inV2 = `${group}/v2/namespaces/default/crontabs`;
      const read = await api.get(`${inV2}/a`);
      expect(read.body).toMatchObject({ apiVersion: 'stable.example.com/v2', spec: { replicas: 1, image: 'busybox', cronSpec: '* * * * *' } });
      // The defaults of a version are for what is sent at it; what is read has those of the version it is stored at.
      expect(read.body.spec).not.toHaveProperty('extra');
      expect((await api.get(`${tabs}?fieldSelector=spec.image%3Dbusybox`)).body.items).toHaveLength(1);
      expect((await api.get(`${inV2}?fieldSelector=spec.cronSpec%3D*%20*%20*%20*%20*`)).body.items).toHaveLength(1);
      expect((await api.get(`${inV2}?fieldSelector=spec.image%3Dbusybox`)).status).toBe(400);
      const put = await api.put(`${inV2}/a`, { ...read.body, spec: { replicas: 2, extra: 'x' } });
      expect(put.body.spec).toEqual({ replicas: 2, image: 'busybox' });
      expect((await api.get(`${tabs}/a`)).body.spec).toEqual({ replicas: 2, image: 'busybox' });
      const old = await api.get(`${group}/v1beta1/namespaces/default/crontabs/a`);
      expect(old.headers.warning).toBe('299 - "stable.example.com/v1beta1 CronTab is deprecated; use stable.example.com/v2 CronTab"');
      expect((await api.get(group)).body.versions.map((one: Json) => one['version'])).toEqual(['v2', 'v1', 'v1beta1']);
      const { resourceVersion } = (await api.get(inV2)).body.metadata;
      const watching = watchEvents(api, `${inV2}?watch=1&resourceVersion=${resourceVersion}`, 2);
      await api.patch(`${tabs}/a`, 'merge', { spec: { replicas: 3 } });
      await api.del(`${tabs}/a`);
      expect((await watching).map(({ type, object }) => [type, object.apiVersion, object.spec.replicas])).toEqual([['MODIFIED', 'stable.example.com/v2', 3], ['DELETED', 'stable.example.com/v2', 3]]);
    });

    it('are stored at a new version with the next write', async () => {
      await establish(api, definition([version('v1'), version('v2', { storage: false })]));
      await api.post(tabs, tab('a', { replicas: 1 }));
      await api.patch(`${definitions}/crontabs.stable.example.com`, 'merge', { spec: { versions: [version('v1', { storage: false }), version('v2', { storage: true })] } });
      const changed = await api.get(`${definitions}/crontabs.stable.example.com`);
      expect(changed.body.status.storedVersions).toEqual(['v1', 'v2']);
      const stored = async () => JSON.parse(Buffer.from((await opened.store.range({ start: '/registry/stable.example.com/crontabs/default/a' })).kvs[0]?.value ?? []).toString()) as Json;
      const before = (await api.get(`${tabs}/a`)).body;
      const written = await until(() => api.patch(`${tabs}/a`, 'merge', {}), (answer) => answer.body.metadata.resourceVersion !== before.metadata.resourceVersion);
      expect({ ...written.body, metadata: { ...written.body.metadata, resourceVersion: '' } }).toEqual({ ...before, metadata: { ...before.metadata, resourceVersion: '' } });
      expect((await stored())['apiVersion']).toBe('stable.example.com/v2');
      const refused = await api.patch(`${definitions}/crontabs.stable.example.com`, 'merge', { spec: { versions: [version('v2', { storage: true })] } });
      expect(refused.body.message).toContain('status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions');
    });

    it('are there again after a restart', async () => {
      await establish(api);
      await api.post(tabs, tab('a', { replicas: 1 }));
      const before = (await api.get(`${tabs}/a`)).body;
      await api[Symbol.asyncDispose]();
      api = await startTestServer(opened.store);
      expect((await api.get(`${tabs}/a`)).body).toEqual(before);
    });
  });
}
