// Which resources a server serves, custom and aggregated ones included: the two aggregated discovery documents
// (KEP-3352), or the older list per group where a server knows only that. Groups that do not answer are
// reported, not fatal, as one broken extension server must not stop whoever walks all resources.
import type { APIGroupDiscoveryList, APIResourceDiscovery } from '#api/apidiscovery/v2.ts';
import type { APIGroupList, APIResourceList } from '#api/meta/v1.ts';
import type { ResourceInfo, SubresourceInfo } from '#api/resources.ts';
import { errorText } from '#base/errors.ts';
import type { Client } from './contract.ts';

export interface Discovery {
  /** Every served version of every resource, in the server's order of preference. */
  readonly resources: readonly ResourceInfo[];
  /** Group/versions that could not be read. */
  readonly failed: readonly { readonly groupVersion: string; readonly reason: string }[];
}

type Failures = { groupVersion: string; reason: string }[];

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

/** Reads the server's discovery documents. Rejects only when the server does not answer at all. */
export async function discover(client: Client, signal?: AbortSignal): Promise<Discovery> {
  const failed: Failures = [];
  const read = async (path: string): Promise<object> =>
    JSON.parse(Buffer.from(await client.raw('GET', path, undefined, { signal, accept: aggregated })).toString('utf8')) as object;
  const [core, groups] = await Promise.all([read('/api'), read('/apis')]);
  if (isAggregated(core) && isAggregated(groups)) {
    return { resources: [...fromAggregated(core, failed), ...fromAggregated(groups, failed)], failed };
  }
  return { resources: await fromLists(client, groups as APIGroupList, failed, signal), failed };
}

function isAggregated(document: object): document is APIGroupDiscoveryList {
  return 'kind' in document && document.kind === 'APIGroupDiscoveryList';
}

function fromAggregated(document: APIGroupDiscoveryList, failed: Failures): ResourceInfo[] {
  const found: ResourceInfo[] = [];
  for (const item of document.items ?? []) {
    const group = item.metadata?.name ?? '';
    for (const version of item.versions ?? []) {
      if (version.freshness === 'Stale') failed.push({ groupVersion: `${group}/${version.version ?? ''}`, reason: 'its server does not answer' });
      for (const row of version.resources ?? []) found.push(infoOfRow(group, version.version ?? '', row));
    }
  }
  return found;
}

function infoOfRow(group: string, version: string, row: APIResourceDiscovery): ResourceInfo {
  return {
    group,
    version,
    kind: row.responseKind?.kind ?? '',
    type: undefined,
    plural: row.resource ?? '',
    singular: row.singularResource ?? '',
    namespaced: row.scope === 'Namespaced',
    shortNames: row.shortNames ?? [],
    categories: row.categories ?? [],
    verbs: row.verbs ?? [],
    subresources: (row.subresources ?? []).map((sub) => ({ name: sub.subresource ?? '', type: sub.responseKind?.kind ?? '', verbs: sub.verbs ?? [] })),
  };
}

async function fromLists(client: Client, groups: APIGroupList, failed: Failures, signal: AbortSignal | undefined): Promise<ResourceInfo[]> {
  const groupVersions = ['v1', ...(groups.groups ?? []).flatMap((group) => group.versions.map((version) => version.groupVersion))];
  const lists = await Promise.all(
    groupVersions.map(async (groupVersion) => {
      try {
        const bytes = await client.raw('GET', groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`, undefined, { signal });
        return infosOfList(JSON.parse(Buffer.from(bytes).toString('utf8')) as APIResourceList);
      } catch (error) {
        signal?.throwIfAborted();
        failed.push({ groupVersion, reason: errorText(error) });
        return [];
      }
    }),
  );
  return lists.flat();
}

function infosOfList(list: APIResourceList): ResourceInfo[] {
  const [first = '', second] = list.groupVersion.split('/');
  const rows = list.resources ?? [];
  const subresources = (plural: string): SubresourceInfo[] =>
    rows.filter((row) => row.name.startsWith(`${plural}/`)).map((row) => ({ name: row.name.slice(plural.length + 1), type: row.kind, verbs: row.verbs }));
  return rows
    .filter((row) => !row.name.includes('/'))
    .map((row) => ({
      group: second === undefined ? '' : first,
      version: second ?? first,
      kind: row.kind,
      type: undefined,
      plural: row.name,
      singular: row.singularName,
      namespaced: row.namespaced,
      shortNames: row.shortNames ?? [],
      categories: row.categories ?? [],
      verbs: row.verbs,
      subresources: subresources(row.name),
    }));
}

/** The first version of each group's resource: what to delete or watch when any version will do. */
export function preferred(found: readonly ResourceInfo[]): ResourceInfo[] {
  const seen = new Set<string>();
  return found.filter((info) => {
    const key = `${info.group}/${info.plural}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
