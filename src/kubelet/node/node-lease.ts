// The node's heartbeat: a Lease in kube-node-lease, renewed every quarter of its duration. Created on first
// need, owned by the Node, so that it goes with it.
import type { Lease } from '#api/coordination/v1.ts';
import { every, rfc3339Micro } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { isAlreadyExists, isConflict, isNotFound } from '#machinery';

export interface LeaseOptions {
  readonly nodeName: string;
  readonly nodeUid: () => string;
  readonly durationSeconds: number;
}

const namespace = 'kube-node-lease';

/** Renews until the signal aborts. */
export async function keepNodeLease(world: World, client: Client, options: LeaseOptions, signal: AbortSignal): Promise<void> {
  const { clock, log } = world;
  const leases = client.resource<Lease>('leases.coordination.k8s.io').in(namespace);
  let held: Lease | undefined;
  const fresh = (): NonNullable<Lease['spec']> => ({ holderIdentity: options.nodeName, leaseDurationSeconds: options.durationSeconds, renewTime: rfc3339Micro(clock.now()) });
  const create = async (): Promise<Lease> => {
    const uid = options.nodeUid();
    const lease: Lease = {
      apiVersion: 'coordination.k8s.io/v1', kind: 'Lease',
      metadata: { name: options.nodeName, namespace, ...(uid !== '' ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: options.nodeName, uid }] } : {}) },
      spec: fresh(),
    };
    return leases.create(lease, { signal });
  };
  const renew = async (): Promise<void> => {
    if (held === undefined) {
      try {
        held = await create();
        return;
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      held = await leases.get(options.nodeName, { signal });
    }
    held = await leases.update({ ...held, spec: { ...held.spec, ...fresh() } }, { signal });
  };
  await every(clock, options.durationSeconds * 250, signal, async () => {
    for (let attempt = 0; attempt < 5 && !signal.aborted; attempt++) {
      try {
        await renew();
        return;
      } catch (error) {
        held = undefined;
        if (signal.aborted) return;
        if (!isConflict(error) && !isNotFound(error)) {
          log.warn('the node lease could not be renewed', { node: options.nodeName, error: errorText(error) });
          return;
        }
      }
    }
  });
}
