// Publishes the cluster's CA as trust bundle of the signer kubernetes.io/kube-apiserver-serving (KEP-3257). For servers
// that serve trust bundles: off unless it is named, as upstream's is without its feature gate.
import type { ClusterTrustBundle } from '#api/certificates/v1beta1.ts';
import { createWorkQueue, runWorkers } from '#client';
import { isNotFound, StatusError } from '#machinery';
import { rootCaOf } from '../config.ts';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { reconcile, signerName } from './reconcile.ts';

const kindName = 'clustertrustbundles.v1beta1.certificates.k8s.io';
const all = 'all';
const buckets = Array.from({ length: 15 }, (_, power) => 0.001 * 2 ** power);

function setUp(context: ControllerContext): Run {
  const { world, client, config, signal } = context;
  const bundles = context.informer<ClusterTrustBundle>(kindName, { fieldSelector: `spec.signerName=${signerName}` });
  const queue = createWorkQueue(world);
  const wake = (): void => queue.add(all);
  bundles.addHandler({ added: wake, updated: wake, deleted: wake });
  config.authority?.onChange(wake);
  const count = world.metrics.counter('clustertrustbundle_publisher_sync_total', 'Number of syncs that occurred in cluster trust bundle publisher.', ['code']);
  const duration = world.metrics.histogram('clustertrustbundle_publisher_sync_duration_seconds', 'The time it took to sync a cluster trust bundle.', ['code'], buckets);
  const sync = async (): Promise<void> => {
    const resource = client.resource<ClusterTrustBundle>(kindName);
    const { write, remove } = reconcile(bundles.list(), rootCaOf(config));
    if (write !== undefined) await (write.metadata?.uid === undefined ? resource.create(write) : resource.update(write));
    for (const name of remove) {
      await resource.delete(name).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  };
  return async () => {
    if (rootCaOf(config) === '') return;
    wake();
    await runWorkers(world, queue, 1, signal, async () => {
      const begun = world.clock.monotonic();
      const told = (code: string): void => {
        count.inc({ code });
        duration.observe({ code }, (world.clock.monotonic() - begun) / 1000);
      };
      try {
        await sync();
      } catch (error) {
        told(error instanceof StatusError ? String(error.code) : '500');
        throw error;
      }
      told('200');
    });
  };
}

export const clustertrustbundlepublisher: Controller = {
  name: 'kube-apiserver-serving-clustertrustbundle-publisher-controller',
  alias: 'kube-apiserver-serving-clustertrustbundle-publisher',
  is: "Publishes the cluster's CA as the trust bundle of the API server's signer.",
  serviceAccount: 'kube-apiserver-serving-clustertrustbundle-publisher',
  offByDefault: true,
  reads: [kindName],
  writes: [kindName],
  setUp,
};
