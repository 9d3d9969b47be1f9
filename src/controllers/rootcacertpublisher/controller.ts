// Publishes the cluster's CA into every namespace, and again whenever somebody changes or deletes it.
import type { ConfigMap, Namespace } from '#api/core/v1.ts';
import { createWorkQueue, runWorkers } from '#client';
import { isNotFound } from '#machinery';
import { rootCaOf } from '../config.ts';
import type { Controller, ControllerContext, Run } from '../context.ts';
import { isNamespaceTerminating } from '../namespace-terminating.ts';
import { configMapName, reconcile } from './reconcile.ts';

function setUp(context: ControllerContext): Run {
  const { world, client, config, signal } = context;
  const namespaces = context.informer<Namespace>('namespaces');
  const configMaps = context.informer<ConfigMap>('configmaps', { fieldSelector: `metadata.name=${configMapName}` });
  const queue = createWorkQueue(world);
  const wake = (object: ConfigMap): void => queue.add(object.metadata?.namespace ?? '');
  namespaces.addHandler({
    added: (namespace) => queue.add(namespace.metadata?.name ?? ''),
    updated: (namespace) => queue.add(namespace.metadata?.name ?? ''),
  });
  configMaps.addHandler({ updated: wake, deleted: wake });
  config.authority?.onChange(() => namespaces.list().forEach((namespace) => queue.add(namespace.metadata?.name ?? '')));
  return async () => {
    // A cluster without a CA of its own (an insecure test) publishes nothing.
    if (rootCaOf(config) === '') return;
    await runWorkers(world, queue, 1, signal, async (name) => {
      const existing = configMaps.get(name, configMapName);
      const wanted = reconcile(namespaces.byKey(name), existing, rootCaOf(config));
      if (wanted === undefined) return;
      const resource = client.resource<ConfigMap>('configmaps');
      await (existing === undefined ? resource.create(wanted) : resource.update(wanted)).catch((error: unknown) => {
        if (!isNamespaceTerminating(error) && !(existing === undefined && isNotFound(error))) throw error;
      });
    });
  };
}

export const rootcacertpublisher: Controller = {
  name: 'root-ca-certificate-publisher-controller',
  alias: 'root-ca-cert-publisher',
  is: "Publishes the cluster's CA as ConfigMap kube-root-ca.crt in every namespace.",
  serviceAccount: 'root-ca-cert-publisher',
  reads: ['namespaces', 'configmaps'],
  writes: ['configmaps'],
  setUp,
};
