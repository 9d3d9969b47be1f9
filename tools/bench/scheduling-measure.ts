// Pods scheduled per second, API writes included: nodes are there, the scheduler is up, and the clock runs from the
// first POST of a pod until the scheduler has seen the last one bound.
import { kubeconfigFile } from '../../src/cli/index.ts';
import { startApiServer } from './api-server.ts';
import { residentMb, startHelper, type Helper } from './children.ts';
import type { RequestJob, RequestResult } from './load-jobs.ts';
import { nodeTemplate, pendingPodTemplate } from './objects.ts';
import { prepareNamespace } from './request-measures.ts';
import type { Row } from './table.ts';

const namespace = 'bench-schedule';

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
    const create = async (path: string, body: string, count: number, streams: number): Promise<RequestResult> => {
      const job: RequestJob = { kind: 'requests', target: server.target, connections: 2, streams, method: 'POST', path, body, firstNumber: 0, count };
      const result = await load.ask<RequestResult>(job);
      if (result.failures > 0) throw new Error(`POST ${path}: ${result.failures} requests failed: ${result.firstFailure ?? ''}`);
      return result;
    };
    await create('/api/v1/nodes', nodeTemplate(), nodes, 32);
    // Small young generations let short-lived objects of a watch storm grow old.
    scheduler = startHelper('scheduler-process.ts', [kubeconfigFile(server.config.paths, 'scheduler'), String(nodes), String(pods)], ['--max-semi-space-size=32']);
    await scheduler.ask();
    const bound = scheduler.ask();
    const begun = performance.now();
    const created = await create(`/api/v1/namespaces/${namespace}/pods`, pendingPodTemplate(namespace), pods, 16);
    await bound;
    const seconds = (performance.now() - begun) / 1000;
    report({
      measure: `scheduling ${pods.toLocaleString('en-US')} pods on ${nodes.toLocaleString('en-US')} nodes`, value: pods / seconds, unit: '/s', budget: { atLeast: 2_900 },
      note: `created within ${created.seconds.toFixed(1)} s; scheduler ${residentMb(scheduler.process.pid ?? 0).toFixed(0)} MB`,
    });
  } finally {
    scheduler?.stop();
    await server.stop();
  }
}
