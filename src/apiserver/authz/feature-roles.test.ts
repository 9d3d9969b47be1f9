// Features that are off by default bring roles of their own with their gates: without them a controller manager or
// scheduler that has the feature on is refused what it is about.
import { expect, test } from 'vitest';
import { defaultSecurity } from '../default-security.ts';
import { startTestServer, testWorld } from '../test-server.case.ts';
import { openMemoryStore } from '#store';
import { generateKey } from '#wire';
import { roleFeatures } from './feature-roles.ts';

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly verbs: readonly string[];
}

async function rolesWith(...gates: string[]): Promise<Map<string, string[]>> {
  const world = testWorld();
  const store = openMemoryStore(world);
  const security = defaultSecurity(world, { serviceAccountKey: generateKey('rsa-2048'), issuer: 'https://x', authorizationModes: ['RBAC'], ...roleFeatures((gate) => gates.includes(gate)) });
  await using api = await startTestServer(store, { security }, world);
  const [roles, bindings] = await Promise.all(['clusterroles', 'clusterrolebindings'].map(async (resource) => {
    const path = `/apis/rbac.authorization.k8s.io/v1/${resource}`;
    await expect.poll(async () => (await api.get(path)).body.items.length).toBeGreaterThan(40);
    return (await api.get(path)).body.items as { metadata: { name: string }; rules?: Rule[]; subjects?: { name: string; namespace?: string }[] }[];
  }));
  const said = new Map((roles ?? []).map(({ metadata, rules }) => [metadata.name, (rules ?? []).map(({ verbs, apiGroups, resources }) => `${[...verbs].sort()} ${String(apiGroups)} ${String(resources)}`)]));
  for (const name of said.keys()) {
    const account = /^system:controller:(.*)$/.exec(name)?.[1];
    if (account !== undefined) expect((bindings ?? []).find(({ metadata }) => metadata.name === name)?.subjects).toMatchObject([{ name: account, namespace: 'kube-system' }]);
  }
  await store.close();
  return said;
}

/** What the second has beyond the first. */
function beyond(before: Map<string, string[]>, after: Map<string, string[]>): Record<string, string[]> {
  return Object.fromEntries([...after].flatMap(([name, rules]) => {
    const more = rules.filter((rule) => before.get(name)?.includes(rule) !== true);
    return more.length === 0 ? [] : [[name, more]];
  }));
}

const events = 'create,patch,update ,events.k8s.io events';

test('roles of gates that are off by default', async () => {
  const none = await rolesWith();
  expect(beyond(none, await rolesWith('StorageVersionMigrator', 'StorageVersionAPI'))).toEqual({
    'system:controller:storage-version-migrator-controller': [
      'create,list,patch * *', 'get apiextensions.k8s.io customresourcedefinitions', 'patch apiextensions.k8s.io customresourcedefinitions/status',
      'update storagemigration.k8s.io storageversionmigrations/status',
    ],
    'system:controller:storage-version-garbage-collector': [
      'get,list,watch coordination.k8s.io leases', 'delete,get,list,patch,update,watch internal.apiserver.k8s.io storageversions', 'get,patch,update internal.apiserver.k8s.io storageversions/status',
    ],
  });
  expect(beyond(none, await rolesWith('GenericWorkload', 'WorkloadWithJob'))).toEqual({
    'system:aggregate-to-edit': ['create,delete,deletecollection,patch,update scheduling.k8s.io workloads,podgroups'],
    'system:aggregate-to-view': ['get,list,watch scheduling.k8s.io workloads,podgroups,podgroups/status'],
    'system:kube-scheduler': ['get,list,watch scheduling.k8s.io podgroups', 'patch,update scheduling.k8s.io podgroups/status'],
    'system:controller:podgroup-protection-controller': ['get,list,update,watch scheduling.k8s.io podgroups', 'get,list,watch  pods'],
    'system:controller:job-controller': ['create,get,list,watch scheduling.k8s.io workloads,podgroups'],
  });
  expect(beyond(none, await rolesWith('DRADeviceTaintRules', 'DRAResourcePoolStatus', 'DRAWorkloadResourceClaims'))).toEqual({
    'system:kube-scheduler': ['get,list,watch resource.k8s.io devicetaintrules'],
    'system:controller:device-taint-eviction-controller': ['patch,update resource.k8s.io devicetaintrules/status', 'get,list,watch resource.k8s.io devicetaintrules'],
    'system:controller:resourcepoolstatusrequest-controller': [
      'delete,get,list,watch resource.k8s.io resourcepoolstatusrequests', 'patch,update resource.k8s.io resourcepoolstatusrequests/status', 'get,list,watch resource.k8s.io resourceslices',
      'get,list,watch resource.k8s.io resourceclaims', events,
    ],
    'system:controller:resource-claim-controller': ['get,list,watch scheduling.k8s.io podgroups', 'patch,update scheduling.k8s.io podgroups/status'],
  });
});
