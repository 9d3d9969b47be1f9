// Keeps an APIService for every group and version that this server answers itself: built-in ones from the start,
// custom resources' as they come and go. An APIService that somebody else made, or gave a Service, is left alone:
// that is how an extension API server takes a group and version over.
import type { APIServiceSpec } from '#api/apiregistration/v1.ts';
import { isConflict, isAlreadyExists, isNotFound, jsonEqual } from '#machinery';
import type { ObjectReader, ObjectWriter } from '../contract.ts';
import { registration, type StoredApiService } from './api-services.ts';
import type { Priority } from './priorities.ts';

const managedLabel = 'kube-aggregator.kubernetes.io/automanaged';

/** A group and version that this server answers. */
export interface LocalVersion {
  readonly group: string;
  readonly version: string;
  readonly priority: Priority;
  /** Registered once when the server starts ("onstart"), or kept as long as it is served ("true"). */
  readonly mode: 'onstart' | 'true';
}

export interface RegistrationPorts {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter & { remove(group: string, resource: string, namespace: string, name: string): Promise<void> };
}

export interface Registration {
  /** Brings the APIServices in line. What fails for a moment is left for the next time. */
  sync(wanted: readonly LocalVersion[]): Promise<void>;
}

const atOnce = 32;

export function nameOf(group: string, version: string): string {
  return `${version}.${group}`;
}

function specOf({ group, version, priority }: LocalVersion): APIServiceSpec {
  return { ...(group === '' ? {} : { group }), version, groupPriorityMinimum: priority.group, versionPriority: priority.version };
}

function modeOf(service: StoredApiService): string {
  return service.metadata?.labels?.[managedLabel] ?? '';
}

/** Of somebody else now, whoever made it. */
function isTakenOver(service: StoredApiService): boolean {
  return modeOf(service) === '' || service.spec?.service !== undefined;
}

export function createRegistration({ reader, writer }: RegistrationPorts): Registration {
  const { group, plural } = registration;
  const once = new Set<string>();
  let presentAtStart: ReadonlySet<string> | undefined;
  const settle = async (name: string, wanted: LocalVersion | undefined): Promise<void> => {
    const current = reader.get(group, plural, '', name) as StoredApiService | undefined;
    const alreadyDone = once.has(name);
    if (current === undefined) {
      if (wanted === undefined || (wanted.mode === 'onstart' && alreadyDone)) return;
      await writer.create(group, plural, { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name, labels: { [managedLabel]: wanted.mode } }, spec: specOf(wanted) });
      return;
    }
    if (isTakenOver(current)) return;
    // Another server of the cluster may serve what this one does not: its registrations are its own affair.
    if (modeOf(current) === 'onstart' && (alreadyDone || presentAtStart?.has(name) === false)) return;
    if (wanted === undefined) {
      await writer.remove(group, plural, '', name);
      return;
    }
    const spec = specOf(wanted);
    if (jsonEqual(current.spec, spec)) return;
    await writer.update(group, plural, { ...current, spec });
  };
  const settleOne = async (name: string, wanted: LocalVersion | undefined): Promise<void> => {
    try {
      await settle(name, wanted);
      once.add(name);
    } catch (error) {
      // Somebody was quicker: the next change brings this back.
      if (!isConflict(error) && !isAlreadyExists(error) && !isNotFound(error)) throw error;
    }
  };
  return {
    async sync(wanted) {
      const existing = reader.list(group, plural) as readonly StoredApiService[];
      presentAtStart ??= new Set(existing.map((service) => service.metadata?.name ?? ''));
      const byName = new Map(wanted.map((each) => [nameOf(each.group, each.version), each]));
      const names = [...new Set([...byName.keys(), ...existing.filter((service) => modeOf(service) !== '').map((service) => service.metadata?.name ?? '')])];
      // Together, because the store writes together what comes together: a first start has dozens to make.
      for (let at = 0; at < names.length; at += atOnce) await Promise.all(names.slice(at, at + atOnce).map(async (name) => settleOne(name, byName.get(name))));
    },
  };
}
