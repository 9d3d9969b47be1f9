// Pods scheduled per second, API writes included: nodes are there, the scheduler is up, and the clock runs from the
// first POST of a pod until the scheduler has seen the last one bound.
import { kubeconfigFile } from '../../src/cli/index.ts';
import { startApiServer } from './api-server.ts';
import { processorMs, residentMb, startHelper, type Helper } from './children.ts';
import type { RequestJob, RequestResult } from './load-jobs.ts';
import { nodeTemplate, pendingPodTemplate } from './objects.ts';
import { prepareNamespace } from './request-measures.ts';
import type { Row } from './table.ts';

const namespace = 'bench-schedule';

async function within<T>(ms: number, work: Promise<T>, otherwise: string): Promise<T> {
  const timer = Promise.withResolvers<never>();
  const handle = setTimeout(() => timer.reject(new Error(`${otherwise} within ${ms / 1000} s`)), ms);
  return Promise.race([work, timer.promise]).finally(() => clearTimeout(handle));
}

export interface SchedulingScale {
  readonly nodes: number;
  readonly pods: number;
  readonly profile: string | undefined;
}

export async function measureScheduling(load: Helper, { nodes, pods, profile }: SchedulingScale, report: (row: Row) => void): Promise<void> {
  const server = await startApiServer(profile);
  let scheduler: Helper | undefined;
  try {
    await prepareNamespace(server.client, namespace);
    const write = async (job: Pick<RequestJob, 'method' | 'path' | 'body' | 'contentType' | 'count' | 'streams'>): Promise<RequestResult> => {
      const result = await load.ask<RequestResult>({ kind: 'requests', target: server.target, connections: 2, firstNumber: 0, ...job });
      if (result.failures > 0) throw new Error(`${job.method} ${job.path}: ${result.failures} requests failed: ${result.firstFailure ?? ''}`);
      return result;
    };
    await write({ method: 'POST', path: '/api/v1/nodes', body: nodeTemplate(), count: nodes, streams: 32 });
    // Every node is admitted as not ready; no controller runs here that would see that it is.
    await write({ method: 'PATCH', path: '/api/v1/nodes/node-{n}', contentType: 'application/merge-patch+json', body: '{"spec":{"taints":null}}', count: nodes, streams: 32 });
    // Small young generations let short-lived objects of a watch storm grow old.
    scheduler = startHelper('scheduler-process.ts', [kubeconfigFile(server.config.paths, 'scheduler'), String(nodes), String(pods)], ['--max-semi-space-size=32', ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])]);
    await within(30_000, scheduler.ask(), 'the scheduler does not see its nodes');
    const bound = scheduler.ask();
    const pids = [server.pid, scheduler.process.pid ?? 0];
    const before = pids.map(processorMs);
    const begun = performance.now();
    const created = await write({ method: 'POST', path: `/api/v1/namespaces/${namespace}/pods`, body: pendingPodTemplate(namespace), count: pods, streams: 16 });
    await within(120_000, bound, 'the pods are not bound');
    const seconds = (performance.now() - begun) / 1000;
    const [serverMs, schedulerMs] = pids.map((pid, i) => ((processorMs(pid) - (before[i] ?? 0)) / pods).toPrecision(2));
    report({
      measure: `scheduling ${pods.toLocaleString('en-US')} pods on ${nodes.toLocaleString('en-US')} nodes`, value: pods / seconds, unit: '/s', budget: { atLeast: 2_900 },
      note: `created within ${created.seconds.toFixed(1)} s; ${serverMs} ms CPU each of the API server, ${schedulerMs} ms of the scheduler (${residentMb(scheduler.process.pid ?? 0).toFixed(0)} MB)`,
    });
  } finally {
    await scheduler?.end();
    await server.stop();
  }
}
