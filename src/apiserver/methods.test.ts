// Which methods a path answers at all. Upstream mixes a router, where a path has the methods that were registered, and
// plain handlers, which never look at the method; scripts that probe with HEAD notice the difference.
import { describe, expect, it } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from './test-server.case.ts';

const crontabs = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'crontabs.example.com' },
  spec: {
    group: 'example.com', scope: 'Cluster', names: { plural: 'crontabs', kind: 'CronTab' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

describe('a method that a path does not have', () => {
  it('is told by 405, and by 200 where upstream does not look', async () => {
    await using api = await startTestServer(openMemoryStore(testWorld()));
    await api.post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crontabs);
    await expect.poll(async () => (await api.get('/apis/example.com/v1/crontabs')).status).toBe(200);
    const expected: readonly (readonly [string, string, number])[] = [
      ['HEAD', '/api', 405], ['HEAD', '/api/v1', 405], ['HEAD', '/apis/apps/v1', 405], ['HEAD', '/version', 405],
      ['HEAD', '/api/v1/namespaces/default/pods', 405], ['HEAD', '/api/v1/namespaces/default', 405], ['HEAD', '/api/v1/namespaces/default/pods/a/log', 405], ['HEAD', '/apis/example.com/v1/crontabs', 200],
      ['HEAD', '/apis', 200], ['HEAD', '/apis/apps', 200], ['HEAD', '/healthz', 200], ['HEAD', '/metrics', 200],
      ['POST', '/api', 405], ['POST', '/version', 405], ['POST', '/apis', 200], ['POST', '/apis/apps', 200], ['PUT', '/livez', 200],
    ];
    const told = await Promise.all(expected.map(async ([method, path]) => [method, path, (await api.call(method, path)).status]));
    expect(told).toEqual(expected);
  });

  it('is told by 404 for one object of a kind that can only be created', async () => {
    await using api = await startTestServer(openMemoryStore(testWorld()));
    for (const path of ['/api/v1/namespaces/default/bindings', '/apis/authorization.k8s.io/v1/subjectaccessreviews']) {
      expect([(await api.get(path)).status, (await api.get(`${path}/a`)).status, (await api.del(`${path}/a`)).status]).toEqual([405, 404, 404]);
    }
  });
});
