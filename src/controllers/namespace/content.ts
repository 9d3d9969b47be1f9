// Deleting all that lives in a namespace, whatever its kind: every namespaced resource that discovery shows is
// listed (metadata alone), deleted as a collection where the server can, one by one where not, and counted again.
// Pods go first and alone, so that nothing they need (policies, secrets) is taken from under them (KEP-5080).
import type { Pod } from '#api/core/v1.ts';
import type { ResourceInfo } from '#api/resources.ts';
import { errorText } from '#base/errors.ts';
import { preferred, type ApiObject, type Client, type Discovery } from '#client';
import { isMethodNotAllowed, isNotFound } from '#machinery';
import { isFinished } from '../pod-state.ts';
import type { Outcome } from './reconcile.ts';

const parallel = 8;

interface Tally {
  readonly errors: string[];
  readonly remaining: Map<string, number>;
  readonly finalizers: Map<string, number>;
}

function isAbsent(error: unknown): boolean {
  return isNotFound(error) || isMethodNotAllowed(error);
}

/** Asks for the deletion of everything in `namespace` and says what is left. */
export async function deleteContent(client: Client, discovery: Discovery, namespace: string, signal: AbortSignal): Promise<Outcome> {
  const tally: Tally = { errors: [], remaining: new Map(), finalizers: new Map() };
  const resources = preferred(discovery.resources.filter((info) => info.namespaced && info.verbs.includes('delete') && !isMirror(info)));
  const isPods = (info: ResourceInfo): boolean => info.group === '' && info.plural === 'pods';
  const discoveryFailures = discovery.failed.map(({ groupVersion, reason }) => `${groupVersion}: ${reason}`);
  let graceSeconds = 0;
  for (const info of resources.filter(isPods)) {
    graceSeconds = await longestGrace(client, namespace, signal);
    await deleteAll(client, info, namespace, tally, signal);
  }
  if (tally.remaining.size === 0) {
    const rest = resources.filter((info) => !isPods(info));
    const next = async (): Promise<void> => {
      for (let info = rest.shift(); info !== undefined; info = rest.shift()) await deleteAll(client, info, namespace, tally, signal);
    };
    await Promise.all(Array.from({ length: parallel }, next));
  }
  return { discoveryFailures, graceSeconds, ...tally };
}

/** events.k8s.io shows the same objects as core events: once is enough. */
function isMirror(info: ResourceInfo): boolean {
  return info.group === 'events.k8s.io' && info.plural === 'events';
}

async function longestGrace(client: Client, namespace: string, signal: AbortSignal): Promise<number> {
  const { items } = await client.resource<Pod>('pods').in(namespace).listAll({ signal });
  return items.reduce((most, pod) => (isFinished(pod) ? most : Math.max(most, pod.spec?.terminationGracePeriodSeconds ?? 0)), 0);
}

async function deleteAll(client: Client, info: ResourceInfo, namespace: string, tally: Tally, signal: AbortSignal): Promise<void> {
  const resource = client.forInfo<ApiObject>(info).in(namespace);
  const list = async (): Promise<readonly ApiObject[]> => {
    if (!info.verbs.includes('list')) return [];
    try {
      return (await resource.listAll({ metadataOnly: true, signal })).items;
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  };
  try {
    const found = await list();
    if (found.length === 0) return;
    const asCollection = info.verbs.includes('deletecollection') && (await attempt(() => resource.deleteCollection({ propagationPolicy: 'Background', signal })));
    if (!asCollection) {
      for (const object of found) await attempt(() => resource.delete(object.metadata?.name ?? '', { propagationPolicy: 'Background', signal }));
    }
    const left = await list();
    if (left.length > 0) tally.remaining.set(`${info.plural}.${info.group}`, left.length);
    for (const object of left) {
      for (const name of object.metadata?.finalizers ?? []) tally.finalizers.set(name, (tally.finalizers.get(name) ?? 0) + 1);
    }
  } catch (error) {
    signal.throwIfAborted();
    tally.errors.push(errorText(error));
  }
}

/** False when the server has no such thing. */
async function attempt(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}
