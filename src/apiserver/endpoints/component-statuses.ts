// componentstatuses: deprecated upstream, still what `kubectl get cs` asks. Never stored: the store answers for
// etcd, and the leader election leases say whether a scheduler and a controller manager are at work.
import type { Lease } from '#api/coordination/v1.ts';
import { parseTime } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { notFound, type KubeObject } from '#machinery';
import { answerBytes, answerVersioned, encodeValue, tableOf } from '../answer/object-answer.ts';
import { selectEntries } from '../read/selection.ts';
import { contentTypes } from '../request/media-type.ts';
import { presentationOf, type Server, type Target } from './endpoint.ts';

function status(name: string, problem: string | undefined): KubeObject {
  const condition = problem === undefined ? { type: 'Healthy', status: 'True', message: 'ok' } : { type: 'Healthy', status: 'False', message: problem };
  return { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [condition] };
}

/** Why nobody leads under this lease; undefined when somebody does. */
function leaderProblem(server: Server, name: string): string | undefined {
  const lease = server.reader.get('coordination.k8s.io', 'leases', 'kube-system', name) as (KubeObject & Lease) | undefined;
  if (lease === undefined) return 'no leader has been elected';
  const until = parseTime(lease.spec?.renewTime) + (lease.spec?.leaseDurationSeconds ?? 15) * 1000;
  return until >= server.world.clock.now() ? undefined : `the lease of ${lease.spec?.holderIdentity ?? 'its leader'} has expired`;
}

async function storeProblem(server: Server): Promise<string | undefined> {
  try {
    await server.cache.store.status();
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}

async function all(server: Server): Promise<KubeObject[]> {
  return [
    status('scheduler', leaderProblem(server, 'kube-scheduler')),
    status('controller-manager', leaderProblem(server, 'kube-controller-manager')),
    status('etcd-0', await storeProblem(server)),
  ];
}

export async function getComponentStatus(target: Target): Promise<void> {
  const found = (await all(target.server)).find((object) => object.metadata?.name === target.name);
  if (found === undefined) throw notFound(target.served.groupResource, target.name);
  await answerVersioned(target.call, 200, presentationOf(target), found);
}

export async function listComponentStatuses(target: Target): Promise<void> {
  const presentation = presentationOf(target, 'list');
  const { media } = presentation;
  const { query } = target.call.info;
  const selection = selectEntries(target.served, '', query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
  const items = (await all(target.server)).filter(({ metadata: { name = '' } = {} }) => selection.matches({ key: name, name, namespace: '', uid: '', revision: 0, bytes: Buffer.alloc(0), labels: {}, fields: [] }));
  const list: KubeObject = media.form === 'table' ? tableOf(presentation, items, {}) : { kind: 'ComponentStatusList', apiVersion: 'v1', metadata: {}, items };
  const type = media.form === 'table' ? 'meta.v1.Table' : 'core.v1.ComponentStatusList';
  await answerBytes(target.call, 200, contentTypes[media.encoding], await encodeValue(media, type, list));
}
