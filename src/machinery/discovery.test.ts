// Discovery documents against facts of upstream's.
import { expect, test } from 'vitest';
import { resources } from '#api/resources.ts';
import { aggregatedDiscovery, apiGroup, apiGroupList, apiResourceList } from './discovery.ts';

test('groups and versions keep their order, core apart', () => {
  expect(apiGroupList(resources).groups.map(({ name }) => name)).not.toContain('');
  expect(apiGroup(resources, 'autoscaling')?.preferredVersion).toEqual({ groupVersion: 'autoscaling/v2', version: 'v2' });
  expect(apiGroup(resources, 'none')).toBeUndefined();
});

test('resources and subresources of a version', () => {
  const list = apiResourceList(resources, 'apps', 'v1');
  expect(list?.resources.find(({ name }) => name === 'deployments/scale')).toEqual({
    name: 'deployments/scale', singularName: '', namespaced: true, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'],
  });
  const pods = apiResourceList(resources, '', 'v1')?.resources.find(({ name }) => name === 'pods');
  expect(pods).toMatchObject({ singularName: 'pod', namespaced: true, kind: 'Pod', shortNames: ['po'], categories: ['all'], storageVersionHash: 'xPOwRZ+Yhw8=' });
});

test('the aggregated form tells the same', () => {
  expect(aggregatedDiscovery(resources, 'core').items ?? []).toHaveLength(1);
  const apps = aggregatedDiscovery(resources, 'groups').items?.find(({ metadata }) => metadata?.name === 'apps');
  expect(apps?.versions?.[0]?.resources?.find(({ resource }) => resource === 'deployments')).toMatchObject({
    scope: 'Namespaced', singularResource: 'deployment', responseKind: { kind: 'Deployment' }, subresources: [{ subresource: 'scale' }, { subresource: 'status' }],
  });
});
