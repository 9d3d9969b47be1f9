// The APIServices as requests need them: by group and version, those that a Service answers apart. Derived again
// when one changes, which the very next request sees.
import type { APIService } from '#api/apiregistration/v1.ts';
import type { KubeObject, ObjectReader } from '../contract.ts';
import { isAvailable } from './conditions.ts';
import type { Priority } from './priorities.ts';

export type StoredApiService = KubeObject & APIService;

/** A group and version that an extension API server answers. */
export interface RemoteService {
  /** "v1beta1.metrics.k8s.io" */
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
  /** Base64 of PEM. */
  readonly caBundle: string;
  readonly insecure: boolean;
  readonly available: boolean;
}

export interface ApiServices {
  /** Changes with any APIService. */
  readonly revision: number;
  /** By "group/version". */
  readonly remotes: ReadonlyMap<string, RemoteService>;
  /** Of every APIService, by "group/version". */
  readonly priorities: ReadonlyMap<string, Priority>;
}

export const registration = { group: 'apiregistration.k8s.io', plural: 'apiservices' } as const;

function remoteOf(object: StoredApiService): RemoteService | undefined {
  const { service, group = '', version = '', caBundle = '', insecureSkipTLSVerify = false } = object.spec ?? {};
  if (service === undefined) return undefined;
  return {
    name: object.metadata?.name ?? '', group, version, namespace: service.namespace ?? '', service: service.name ?? '', port: service.port ?? 443, caBundle, insecure: insecureSkipTLSVerify,
    available: isAvailable(object),
  };
}

/** Answers the present state; costs a comparison while nothing changes. */
export function apiServicesOf(reader: ObjectReader): () => ApiServices {
  let known: ApiServices = { revision: -1, remotes: new Map(), priorities: new Map() };
  return () => {
    const revision = reader.revision(registration.group, registration.plural);
    if (revision === known.revision) return known;
    const remotes = new Map<string, RemoteService>();
    const priorities = new Map<string, Priority>();
    for (const object of reader.list(registration.group, registration.plural) as readonly StoredApiService[]) {
      const key = `${object.spec?.group ?? ''}/${object.spec?.version ?? ''}`;
      priorities.set(key, { group: object.spec?.groupPriorityMinimum ?? 0, version: object.spec?.versionPriority ?? 0 });
      const remote = remoteOf(object);
      if (remote !== undefined) remotes.set(key, remote);
    }
    known = { revision, remotes, priorities };
    return known;
  };
}
