// Discovery of everything: what this server answers and what extension API servers do, in one order. The order is by
// the priorities of the APIServices, so that every client prefers the same version of a group.
import type { APIGroup, APIGroupList, GroupVersionForDiscovery } from '#api/meta/v1.ts';
import type { APIGroupDiscovery, APIGroupDiscoveryList, APIVersionDiscovery } from '#api/apidiscovery/v2.ts';
import type { ApiServices, RemoteService } from './api-services.ts';
import type { RemoteDocuments } from './documents.ts';
import { builtInPriority, customPriority, inDiscoveryOrder, type Priority, type Ranked } from './priorities.ts';

/** How discovery documents of this server alone become those of all. */
export interface DiscoveryMerge {
  /** Changes when any result may. */
  readonly revision: string;
  groupList(local: APIGroupList): APIGroupList;
  /** undefined: nobody serves the group. */
  group(local: APIGroup | undefined, name: string): APIGroup | undefined;
  aggregated(local: APIGroupDiscoveryList): APIGroupDiscoveryList;
  /** "/apis/<group>" and "/apis/<group>/<version>" of every APIService with a Service, whether it answers or not. */
  paths(): string[];
}

export interface MergePorts {
  readonly services: () => ApiServices;
  readonly documents: ReadonlyMap<string, RemoteDocuments>;
  readonly documentsRevision: () => number;
}

interface Entry extends Ranked {
  readonly local?: APIVersionDiscovery;
}

/** Where a group and version stands: as its APIService says, or as it would be registered. */
function priorityOf(services: ApiServices, group: string, version: string): Priority {
  return services.priorities.get(`${group}/${version}`) ?? builtInPriority(group, version) ?? customPriority;
}

function entriesOf(services: ApiServices, locals: Iterable<{ readonly group: string; readonly version: string; readonly local?: APIVersionDiscovery }>): Entry[] {
  const entries = new Map<string, Entry>();
  for (const each of locals) entries.set(`${each.group}/${each.version}`, { ...each, priority: priorityOf(services, each.group, each.version) });
  for (const [key, { group, version }] of services.remotes) if (!entries.has(key)) entries.set(key, { group, version, priority: priorityOf(services, group, version) });
  return [...entries.values()];
}

function groupDocument(name: string, versions: readonly Entry[]): APIGroup {
  const told = versions.map(({ version }): GroupVersionForDiscovery => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: told, ...(told[0] === undefined ? {} : { preferredVersion: told[0] }) };
}

function versionsOf(group: APIGroup): { group: string; version: string }[] {
  return group.versions.map(({ version }) => ({ group: group.name, version }));
}

export function createDiscoveryMerge({ services, documents, documentsRevision }: MergePorts): DiscoveryMerge {
  const remoteVersion = (remote: RemoteService): APIVersionDiscovery => documents.get(remote.name)?.discovery ?? { version: remote.version, freshness: 'Stale' };
  return {
    get revision() {
      return `${services().revision} ${documentsRevision()}`;
    },
    paths: () => [...services().remotes.values()].flatMap(({ group, version }) => (group === '' ? [`/api/${version}`] : [`/apis/${group}`, `/apis/${group}/${version}`])),
    groupList(local) {
      const groups = inDiscoveryOrder(entriesOf(services(), local.groups.flatMap(versionsOf)).filter(({ group }) => group !== ''));
      return { ...local, groups: groups.map(({ group, versions }) => groupDocument(group, versions)) };
    },
    group(local, name) {
      const entries = entriesOf(services(), local === undefined ? [] : versionsOf(local)).filter(({ group }) => group === name);
      const [found] = inDiscoveryOrder(entries);
      return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(name, found.versions) };
    },
    aggregated(local) {
      const current = services();
      const own = local.items.flatMap((item) => (item.versions ?? []).map((version) => ({ group: item.metadata?.name ?? '', version: version.version, local: version })));
      const entries = entriesOf(current, own).filter(({ group }) => group !== '');
      const items = inDiscoveryOrder(entries).map(({ group, versions }): APIGroupDiscovery => ({
        metadata: { name: group },
        versions: versions.map((entry) => {
          const remote = current.remotes.get(`${entry.group}/${entry.version}`);
          return remote === undefined ? (entry.local ?? { version: entry.version }) : remoteVersion(remote);
        }),
      }));
      return { ...local, items };
    },
  };
}
