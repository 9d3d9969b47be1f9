// Discovery documents: what the server serves, told in the legacy form (/api, /apis, /apis/<group>,
// /apis/<group>/<version>) and aggregated (KEP-3352). All follow from rows of ResourceInfo, built in or from
// custom resources; groups and versions keep the order of the rows, the first version is the preferred one.
import { createHash } from 'node:crypto';
import type { APIGroup, APIGroupList, APIResource, APIResourceList, APIVersions, GroupVersionForDiscovery } from '#api/meta/v1.ts';
import type { APIGroupDiscovery, APIGroupDiscoveryList, APIResourceDiscovery, APISubresourceDiscovery } from '#api/apidiscovery/v2.ts';
import { storageVersionOf, type ResourceInfo, type SubresourceInfo } from '#api/resources.ts';
import { formatApiVersion, gvkOfType } from './group-of-type.ts';

/** /api. `serverAddress` is host:port as clients reach it. */
export function apiVersions(serverAddress: string): APIVersions {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }] };
}

function groupsOf(resources: readonly ResourceInfo[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, version } of resources) {
    const versions = groups.get(group);
    if (versions === undefined) groups.set(group, [version]);
    else if (!versions.includes(version)) versions.push(version);
  }
  return groups;
}

function groupDocument(name: string, versions: readonly string[]): APIGroup {
  const named = versions.map((version): GroupVersionForDiscovery => ({ groupVersion: formatApiVersion(name, version), version }));
  return { name, versions: named, ...(named[0] === undefined ? {} : { preferredVersion: named[0] }) };
}

/** /apis: every group but core. */
export function apiGroupList(resources: readonly ResourceInfo[]): APIGroupList {
  const groups = [...groupsOf(resources)].filter(([name]) => name !== '').map(([name, versions]) => groupDocument(name, versions));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups };
}

/** /apis/<group>; undefined when nothing of the group is served. */
export function apiGroup(resources: readonly ResourceInfo[], group: string): APIGroup | undefined {
  const versions = groupsOf(resources).get(group);
  return versions === undefined || group === '' ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(group, versions) };
}

/** Tells clients whether two resources are stored alike; only what is stored has one. */
function storageVersionHash(info: ResourceInfo): string | undefined {
  if (!info.verbs.includes('watch')) return undefined;
  return createHash('sha256').update(storageVersionOf(info)).digest().subarray(0, 8).toString('base64');
}

function resourceDocument(info: ResourceInfo): APIResource {
  const hash = storageVersionHash(info);
  return {
    name: info.plural,
    singularName: info.singular,
    namespaced: info.namespaced,
    kind: info.kind,
    verbs: [...info.verbs],
    ...(info.shortNames.length === 0 ? {} : { shortNames: [...info.shortNames] }),
    ...(info.categories.length === 0 ? {} : { categories: [...info.categories] }),
    ...(hash === undefined ? {} : { storageVersionHash: hash }),
  };
}

/** The kind that travels on a subresource; group and version only where they are not the resource's own. */
function subresourceKind(info: ResourceInfo, sub: SubresourceInfo): { group: string; version: string; kind: string } {
  if (sub.type === info.type || sub.type === '') return { group: '', version: '', kind: info.kind };
  const { group, version, kind } = gvkOfType(sub.type);
  return group === info.group && version === info.version ? { group: '', version: '', kind } : { group, version, kind };
}

function subresourceDocument(info: ResourceInfo, sub: SubresourceInfo): APIResource {
  const { group, version, kind } = subresourceKind(info, sub);
  return {
    name: `${info.plural}/${sub.name}`,
    singularName: '',
    namespaced: info.namespaced,
    ...(group === '' ? {} : { group }),
    ...(version === '' ? {} : { version }),
    kind,
    verbs: [...sub.verbs],
  };
}

/** /api/v1 or /apis/<group>/<version>; undefined when nothing of it is served. */
export function apiResourceList(resources: readonly ResourceInfo[], group: string, version: string): APIResourceList | undefined {
  const own = resources.filter((info) => info.group === group && info.version === version);
  if (own.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    // Core's list has none: upstream encodes it as the unversioned kind that the oldest clients know.
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: formatApiVersion(group, version),
    resources: own.flatMap((info) => [resourceDocument(info), ...info.subresources.map((sub) => subresourceDocument(info, sub))]),
  };
}

function aggregatedResource(info: ResourceInfo): APIResourceDiscovery {
  // Of custom resources the group and version are always told.
  const told = (kind: { group: string; version: string; kind: string }) => (info.type === undefined && kind.group === '' ? { group: info.group, version: info.version, kind: kind.kind } : kind);
  const subresources = info.subresources.map((sub): APISubresourceDiscovery => ({
    subresource: sub.name, responseKind: told(subresourceKind(info, sub)), verbs: [...sub.verbs],
  }));
  return {
    resource: info.plural,
    responseKind: told({ group: '', version: '', kind: info.kind }),
    scope: info.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: info.singular,
    verbs: [...info.verbs],
    ...(info.shortNames.length === 0 ? {} : { shortNames: [...info.shortNames] }),
    ...(info.categories.length === 0 ? {} : { categories: [...info.categories] }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

/** /api ('core') or /apis ('groups') in the aggregated form. */
export function aggregatedDiscovery(resources: readonly ResourceInfo[], which: 'core' | 'groups', version: 'v2' | 'v2beta1' = 'v2'): APIGroupDiscoveryList {
  const items: APIGroupDiscovery[] = [];
  for (const [group, versions] of groupsOf(resources)) {
    if ((group === '') !== (which === 'core')) continue;
    items.push({
      metadata: group === '' ? {} : { name: group },
      versions: versions.map((name) => ({
        version: name,
        resources: resources.filter((info) => info.group === group && info.version === name).map(aggregatedResource),
        freshness: 'Current',
      })),
    });
  }
  return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}
