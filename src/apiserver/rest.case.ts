// What every client may rely on, whatever the store: creates, reads, updates, patches, deletes, lists in
// chunks, watches. Statuses, reasons and texts are upstream's.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prefixEnd, type Store } from '#store';
import { pod, startTestServer, watchEvents, type TestServer } from './test-server.case.ts';

const pods = '/api/v1/namespaces/default/pods';
const maps = '/api/v1/namespaces/default/configmaps';

export interface SuiteStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** @param open A new, empty store. */
export function restSuite(name: string, open: () => Promise<SuiteStore>): void {
  describe(`REST on the ${name} store`, () => {
    let opened: SuiteStore;
    let api: TestServer;

    beforeEach(async () => {
      opened = await open();
      api = await startTestServer(opened.store);
    });
    afterEach(async () => {
      await api[Symbol.asyncDispose]();
      await opened.close();
    });

    describe('create', () => {
      it('fills in what the server decides and answers 201', async () => {
        const { status, body } = await api.post(pods, pod('a'));
        expect(status).toBe(201);
        expect(body.metadata).toMatchObject({ name: 'a', namespace: 'default', generation: 1 });
        expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(body.metadata.resourceVersion).toMatch(/^\d+$/);
        expect(body.status).toMatchObject({ phase: 'Pending', qosClass: 'BestEffort' });
        expect(body.metadata.managedFields[0]).toMatchObject({ manager: 'suite', operation: 'Update' });
      });

      it('refuses a name that is taken', async () => {
        await api.post(maps, { metadata: { name: 'x' } });
        const { status, body } = await api.post(maps, { metadata: { name: 'x' } });
        expect(status).toBe(409);
        expect(body).toMatchObject({ reason: 'AlreadyExists', message: 'configmaps "x" already exists' });
      });

      it('makes a name from generateName', async () => {
        const { body } = await api.post(maps, { metadata: { generateName: 'gen-' } });
        expect(body.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
      });

      it('keeps names beyond ASCII under their bytes in UTF-8, in the order of these', async () => {
        const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
        // In UTF-16 the last two are the other way round.
        const names = ['a\u0000b', 'a b', 'a\tb', 'r\u00f6le', '\u0441\u0438\u0441:\u0440', '\ufb01', '\u{1f600}'].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        for (const name of names) expect((await api.post(roles, { metadata: { name } })).status).toBe(201);
        expect((await api.post(roles, { metadata: { name: 'r\u00f6le' } })).body.message).toBe('clusterroles.rbac.authorization.k8s.io "r\u00f6le" already exists');
        for (const name of names) {
          expect((await api.get(`${roles}/${encodeURIComponent(name)}`)).body.metadata.name).toBe(name);
          const named = await api.get(`${roles}?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`);
          expect(named.body.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual([name]);
        }
        const found: string[] = [];
        for (let next: string | undefined = ''; next !== undefined;) {
          const { body } = await api.get(`${roles}?limit=2&continue=${next}`);
          found.push(...body.items.map((item: { metadata: { name: string } }) => item.metadata.name));
          next = body.metadata.continue;
        }
        expect(found).toEqual(names);
        const { kvs } = await opened.store.range({ start: '/registry/clusterroles/', end: prefixEnd('/registry/clusterroles/') });
        expect(kvs.map(({ key }) => Buffer.from(key, 'latin1').toString())).toEqual(names.map((name) => `/registry/clusterroles/${name}`));
        expect((await api.patch(`${roles}/r%C3%B6le`, 'merge', { metadata: { labels: { a: 'b' } } })).body.metadata.labels).toEqual({ a: 'b' });
        expect((await api.patch(`${roles}/%C3%BCber?fieldManager=m%C3%BCller`, 'apply', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: '\u00fcber' } })).status).toBe(201);
        for (const name of [...names, '\u00fcber']) expect((await api.del(`${roles}/${encodeURIComponent(name)}`)).status).toBe(200);
        expect((await api.get(roles)).body.items).toEqual([]);
      });

      it('refuses another namespace than that of the URL', async () => {
        const { status, body } = await api.post(maps, { metadata: { name: 'x', namespace: 'other' } });
        expect(status).toBe(400);
        expect(body.message).toBe('the namespace of the provided object does not match the namespace sent on the request');
      });

      it('writes nothing on a dry run', async () => {
        expect((await api.post(`${maps}?dryRun=All`, { metadata: { name: 'x' } })).status).toBe(201);
        expect((await api.get(`${maps}/x`)).status).toBe(404);
      });
    });

    describe('update', () => {
      it('conflicts on a stale resourceVersion', async () => {
        const first = (await api.post(maps, { metadata: { name: 'x' }, data: { a: '1' } })).body;
        expect((await api.put(`${maps}/x`, { ...first, data: { a: '2' } })).status).toBe(200);
        const { status, body } = await api.put(`${maps}/x`, { ...first, data: { a: '3' } });
        expect(status).toBe(409);
        expect(body.message).toBe(
          'Operation cannot be fulfilled on configmaps "x": the object has been modified; please apply your changes to the latest version and try again',
        );
      });

      it('without a change writes nothing', async () => {
        const first = (await api.post(maps, { metadata: { name: 'x' }, data: { a: '1' } })).body;
        const second = (await api.put(`${maps}/x`, first)).body;
        expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      });

      it('needs the name of the URL', async () => {
        await api.post(maps, { metadata: { name: 'x' } });
        const { status, body } = await api.put(`${maps}/x`, { metadata: { name: 'y' } });
        expect(status).toBe(400);
        expect(body.message).toBe('the name of the object (y) does not match the name on the URL (x)');
      });

      it('creates where the resource allows it', async () => {
        const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/l';
        expect((await api.put(path, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'l' } })).status).toBe(201);
        expect((await api.put(`${maps}/none`, { metadata: { name: 'none' } })).body).toMatchObject({ reason: 'NotFound', message: 'configmaps "none" not found' });
      });

      it('keeps status to its subresource and counts generations', async () => {
        const path = '/apis/apps/v1/namespaces/default/deployments';
        const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } };
        const made = (await api.post(path, { metadata: { name: 'd' }, spec, status: { replicas: 9 } })).body;
        expect(made.status.replicas).toBeUndefined();
        const scaled = (await api.patch(`${path}/d`, 'merge', { spec: { replicas: 2 }, status: { replicas: 9 } })).body;
        expect(scaled.metadata.generation).toBe(2);
        expect(scaled.status.replicas).toBeUndefined();
        const reported = (await api.patch(`${path}/d/status`, 'merge', { spec: { replicas: 7 }, status: { replicas: 2, observedGeneration: 2 } })).body;
        expect(reported).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 2 }, metadata: { generation: 2 } });
        const scale = (await api.put(`${path}/d/scale`, { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd', namespace: 'default' }, spec: { replicas: 5 } })).body;
        expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 5 }, status: { replicas: 2, selector: 'a=b' } });
        expect((await api.get(`${path}/d`)).body.spec.replicas).toBe(5);
      });
    });

    describe('patch', () => {
      it('applies all kinds', async () => {
        await api.post(pods, pod('a'));
        expect((await api.patch(`${pods}/a`, 'merge', { metadata: { labels: { m: '1' } } })).body.metadata.labels).toEqual({ m: '1' });
        expect((await api.patch(`${pods}/a`, 'json', [{ op: 'add', path: '/metadata/labels/j', value: '2' }])).body.metadata.labels).toEqual({ m: '1', j: '2' });
        const strategic = await api.patch(`${pods}/a`, 'strategic', { spec: { containers: [{ name: 'main', image: 'nginx' }] } });
        expect(strategic.body.spec.containers).toHaveLength(1);
        expect(strategic.body.spec.containers[0].image).toBe('nginx');
      });

      it('creates on apply and tells conflicts', async () => {
        const config = (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: "${value}"\n`;
        expect((await api.patch(`${maps}/x?fieldManager=one`, 'apply', config('1'))).status).toBe(201);
        expect((await api.patch(`${maps}/x?fieldManager=one`, 'apply', config('2'))).body.data.a).toBe('2');
        const refused = await api.patch(`${maps}/x?fieldManager=two`, 'apply', config('3'));
        expect(refused.status).toBe(409);
        expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "one": .data.a');
        expect((await api.patch(`${maps}/x?fieldManager=two&force=true`, 'apply', config('3'))).body.data.a).toBe('3');
      });

      it('is not lost when many patch at once', async () => {
        await api.post(maps, { metadata: { name: 'x' }, data: {} });
        const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => api.patch(`${maps}/x`, 'merge', { data: { [`k${i}`]: 'v' } })));
        expect(answers.map((a) => a.status)).toEqual(Array.from({ length: 20 }, () => 200));
        expect(Object.keys((await api.get(`${maps}/x`)).body.data)).toHaveLength(20);
      });
    });

    describe('delete', () => {
      it('answers a Status, or the object where upstream does', async () => {
        const { body } = await api.post(maps, { metadata: { name: 'x' } });
        expect((await api.del(`${maps}/x`)).body).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'x', kind: 'configmaps', uid: body.metadata.uid } });
        await api.post(pods, pod('a'));
        expect((await api.del(`${pods}/a`)).body).toMatchObject({ kind: 'Pod', metadata: { name: 'a' } });
        expect((await api.get(`${pods}/a`)).status).toBe(404);
      });

      it('lets a scheduled pod terminate in its grace period', async () => {
        await api.post(pods, pod('a', { nodeName: 'n1' }));
        const first = (await api.del(`${pods}/a`)).body;
        expect(first.metadata).toMatchObject({ deletionGracePeriodSeconds: 30 });
        expect(first.metadata.deletionTimestamp).toBeDefined();
        expect((await api.get(`${pods}/a`)).status).toBe(200);
        expect((await api.del(`${pods}/a`, { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 })).status).toBe(200);
        expect((await api.get(`${pods}/a`)).status).toBe(404);
      });

      it('waits for finalizers', async () => {
        await api.post(maps, { metadata: { name: 'x', finalizers: ['example.com/hold'] } });
        await api.del(`${maps}/x`);
        expect((await api.get(`${maps}/x`)).body.metadata.deletionTimestamp).toBeDefined();
        await api.patch(`${maps}/x`, 'merge', { metadata: { finalizers: null } });
        expect((await api.get(`${maps}/x`)).status).toBe(404);
      });

      it('keeps preconditions', async () => {
        await api.post(maps, { metadata: { name: 'x' } });
        expect((await api.del(`${maps}/x`, { preconditions: { uid: 'other' } })).status).toBe(409);
      });

      it('turns propagation into finalizers', async () => {
        const path = '/apis/apps/v1/namespaces/default/replicasets';
        const spec = { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } };
        await api.post(path, { metadata: { name: 'r' }, spec });
        await api.del(`${path}/r`, { propagationPolicy: 'Foreground' });
        expect((await api.get(`${path}/r`)).body.metadata.finalizers).toEqual(['foregroundDeletion']);
      });

      it('makes a namespace terminate', async () => {
        await api.post('/api/v1/namespaces', { metadata: { name: 'gone' } });
        expect((await api.del('/api/v1/namespaces/gone')).body.status.phase).toBe('Terminating');
        const { body } = await api.get('/api/v1/namespaces/gone');
        expect((await api.put('/api/v1/namespaces/gone/finalize', { ...body, spec: { finalizers: [] } })).status).toBe(200);
        expect((await api.get('/api/v1/namespaces/gone')).status).toBe(404);
      });

      it('takes a whole collection', async () => {
        for (const name of ['a', 'b', 'c']) await api.post(maps, { metadata: { name, labels: { keep: name === 'c' ? 'yes' : 'no' } } });
        const { body } = await api.del(`${maps}?labelSelector=keep%3Dno`);
        expect(body.items).toHaveLength(2);
        expect((await api.get(maps)).body.items.map((i: { metadata: { name: string } }) => i.metadata.name)).toEqual(['c']);
      });
    });

    it('refuses YAML keys given twice in a strict apply, and warns of them otherwise', async () => {
      const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  x: "1"\n  x: "2"\n';
      const strict = await api.patch(`${maps}/a?fieldManager=m&fieldValidation=Strict`, 'apply', body);
      expect(strict.status).toBe(400);
      expect(strict.body.message).toBe('error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 7: key "x" already set in map');
      const warned = await api.patch(`${maps}/a?fieldManager=m`, 'apply', body);
      expect(warned.status).toBe(201);
      expect(warned.headers['warning']).toContain('already set in map');
      expect(warned.body.data).toEqual({ x: '2' });
    });

    describe('list', () => {
      const names = (body: { items: { metadata: { name: string } }[] }): string[] => body.items.map((item) => item.metadata.name);

      it('selects by labels and fields', async () => {
        await api.post(pods, pod('a', { labels: { app: 'x' }, nodeName: 'n1' }));
        await api.post(pods, pod('b', { labels: { app: 'y' } }));
        expect(names((await api.get(`${pods}?labelSelector=app%20in%20(x)`)).body)).toEqual(['a']);
        expect(names((await api.get(`/api/v1/pods?fieldSelector=spec.nodeName%3Dn1`)).body)).toEqual(['a']);
        const refused = await api.get(`${pods}?fieldSelector=spec.foo%3Dx`);
        expect(refused.status).toBe(400);
        expect(refused.body.message).toBe('field label not supported: spec.foo');
      });

      it('chunks show one revision', async () => {
        for (const name of ['a', 'b', 'c', 'd', 'e']) await api.post(maps, { metadata: { name } });
        const first = (await api.get(`${maps}?limit=2`)).body;
        expect(names(first)).toEqual(['a', 'b']);
        expect(first.metadata.remainingItemCount).toBe(3);
        await api.post(maps, { metadata: { name: 'bb' } });
        await api.del(`${maps}/d`);
        const second = (await api.get(`${maps}?limit=2&continue=${first.metadata.continue}`)).body;
        expect(names(second)).toEqual(['c', 'd']);
        expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
        const third = (await api.get(`${maps}?limit=2&continue=${second.metadata.continue}`)).body;
        expect(names(third)).toEqual(['e']);
        expect(third.metadata.continue).toBeUndefined();
      });

      it('offers a way on when the revision of a chunked list is compacted', async () => {
        for (const name of ['a', 'b', 'c', 'd', 'e']) await api.post(maps, { metadata: { name } });
        const first = (await api.get(`${maps}?limit=2`)).body;
        const last = (await api.post(maps, { metadata: { name: 'f' } })).body.metadata.resourceVersion as string;
        await opened.store.compact(Number(last));
        const expired = await api.get(`${maps}?limit=2&continue=${first.metadata.continue}`);
        expect(expired.status).toBe(410);
        expect(expired.body.reason).toBe('Expired');
        const second = (await api.get(`${maps}?limit=2&continue=${expired.body.metadata.continue}`)).body;
        expect(names(second)).toEqual(['c', 'd']);
        expect(second.metadata.remainingItemCount).toBe(2);
        expect(second.metadata.resourceVersion).toBe(last);
      });

      it('shows an exact revision, and refuses one to come', async () => {
        const first = (await api.post(maps, { metadata: { name: 'a' } })).body;
        const second = (await api.post(maps, { metadata: { name: 'b' } })).body.metadata.resourceVersion as string;
        const at = first.metadata.resourceVersion as string;
        expect(names((await api.get(`${maps}?resourceVersion=${at}&resourceVersionMatch=Exact`)).body)).toEqual(['a']);
        expect(names((await api.get(`${maps}?resourceVersion=${second}&resourceVersionMatch=NotOlderThan`)).body)).toEqual(['a', 'b']);
        const refusals = await Promise.all(['Exact', 'NotOlderThan'].map((match) => api.get(`${maps}?resourceVersion=999999&resourceVersionMatch=${match}`)));
        for (const refused of refusals) {
          expect(refused.status).toBe(504);
          expect(refused.headers['retry-after']).toBe('1');
          expect(refused.body).toMatchObject({ reason: 'Timeout', message: expect.stringMatching(/^Timeout: Too large resource version: 999999, current: \d+$/) });
          expect(refused.body.details).toEqual({ causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 });
        }
      });

      it('is watched from a revision to come, in silence until then; one that shows the state ends with why', async () => {
        const made = (await api.post(maps, { metadata: { name: 'a' } })).body.metadata.resourceVersion as string;
        const start = Number(made) + 40;
        const response = await api.transport.request({ method: 'GET', path: `${maps}?watch=1&resourceVersion=${start}` });
        const refused = watchEvents(api, `${maps}?watch=1&resourceVersion=999999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`, 1);
        let last = 0;
        for (let i = 0; last <= start; i++) last = Number((await api.post(maps, { metadata: { name: `m${i}` } })).body.metadata.resourceVersion);
        for await (const chunk of response.body) {
          expect(Buffer.from(chunk).toString()).toContain(`"resourceVersion":"${last}"`);
          break;
        }
        expect(await refused).toMatchObject([{ type: 'ERROR', object: { code: 504, reason: 'Timeout', details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] } } }]);
      });

      it('comes as a Table or as metadata', async () => {
        await api.post(pods, pod('a'));
        const table = (await api.get(pods, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })).body;
        expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
        expect(table.rows[0].cells[0]).toBe('a');
        expect(table.rows[0].object.kind).toBe('PartialObjectMetadata');
        const partial = (await api.get(pods, { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' })).body;
        expect(partial.kind).toBe('PartialObjectMetadataList');
        expect(partial.items[0].spec).toBeUndefined();
      });

      it('comes as YAML and indented', async () => {
        for (const name of ['a', 'b']) await api.post(maps, { metadata: { name }, data: { x: '1' } });
        const yaml = await api.get(maps, { accept: 'application/yaml' });
        expect(yaml.headers['content-type']).toBe('application/yaml');
        expect(yaml.text).toMatch(/^items:\n- /m);
        expect(yaml.text.match(/^- /gm)).toHaveLength(2);
        const pretty = await api.get(`${maps}?pretty=true`);
        expect(names(pretty.body)).toEqual(['a', 'b']);
        expect(pretty.text).toContain('\n  "items": [\n    {\n      "metadata": {');
      });

      it('refuses what it cannot encode', async () => {
        const { status, body } = await api.get(pods, { accept: 'text/html' });
        expect(status).toBe(406);
        expect(body.reason).toBe('NotAcceptable');
      });
    });

    describe('watch', () => {
      it('tells changes from a revision on, as the selector sees them', async () => {
        const { body } = await api.post(pods, pod('a', { labels: { app: 'x' } }));
        await api.patch(`${pods}/a`, 'merge', { metadata: { labels: { app: 'y' } } });
        await api.post(pods, pod('b', { labels: { app: 'x' } }));
        await api.del(`${pods}/b`);
        const events = await watchEvents(api, `${pods}?watch=1&labelSelector=app%3Dx&resourceVersion=${body.metadata.resourceVersion}`, 3);
        expect(events.map((e) => [e.type, e.object.metadata.name])).toEqual([['DELETED', 'a'], ['ADDED', 'b'], ['DELETED', 'b']]);
      });

      it('sends what happens later', async () => {
        const list = (await api.get(maps)).body;
        const watching = watchEvents(api, `${maps}?watch=true&resourceVersion=${list.metadata.resourceVersion}`, 2);
        await api.post(maps, { metadata: { name: 'x' } });
        await api.patch(`${maps}/x`, 'merge', { data: { a: 'b' } });
        expect((await watching).map((e) => e.type)).toEqual(['ADDED', 'MODIFIED']);
      });

      it('streams the state first when asked (WatchList)', async () => {
        await api.post(maps, { metadata: { name: 'x' } });
        const events = await watchEvents(api, `${maps}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`, 2);
        expect(events.map((e) => e.type)).toEqual(['ADDED', 'BOOKMARK']);
        expect(events[1]?.object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
      });

      it('ends after timeoutSeconds', async () => {
        expect(await watchEvents(api, `${maps}?watch=1&resourceVersion=0&timeoutSeconds=1`, 1000)).toEqual([]);
      });

      it('says 410 for a revision that is gone', async () => {
        await api.post(maps, { metadata: { name: 'x' } });
        await api[Symbol.asyncDispose]();
        // A server that starts knows only what comes after its first read of the store.
        api = await startTestServer(opened.store);
        const events = await watchEvents(api, `${maps}?watch=1&resourceVersion=1`, 1);
        expect(events[0]).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
        expect(events[0]?.object.message).toMatch(/^too old resource version: 1 \(\d+\)$/);
      });
    });
  });
}
