// The scheduler alone in a process, as one who watches its work: tells when it has seen all nodes, and when a
// wanted number of pods is bound.
import { realWorld } from '../../src/base/world.ts';
import type { Node, Pod } from '../../src/api/core/v1.ts';
import { transportFor } from '../../src/cli/index.ts';
import { createClient, createInformerFactory } from '../../src/client/index.ts';
import { defaultSchedulerConfig, startScheduler } from '../../src/scheduler/index.ts';

const [kubeconfig = '', nodeCount = '0', podCount = '0'] = process.argv.slice(2);
const world = realWorld('scheduler', 'error');
const client = createClient(world, await transportFor(world, kubeconfig), { userAgent: 'kube-scheduler/v1.36.0 skiff-bench' });
const factory = createInformerFactory(world, client);
const stop = new AbortController();
const bound = new Set<string>();
factory.informer<Pod>('pods').addHandler({
  updated(pod) {
    if ((pod.spec?.nodeName ?? '') === '' || bound.size >= Number(podCount)) return;
    bound.add(pod.metadata?.uid ?? '');
    if (bound.size === Number(podCount)) process.send?.({ value: 'bound' });
  },
});
let nodes = 0;
factory.informer<Node>('nodes').addHandler({
  added() {
    if (++nodes === Number(nodeCount)) process.send?.({ value: 'nodes' });
  },
});
startScheduler(world, defaultSchedulerConfig, client, factory, stop.signal);
await factory.start(stop.signal);
process.on('disconnect', () => process.exit(0));
