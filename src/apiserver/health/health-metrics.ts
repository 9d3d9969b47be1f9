// /metrics/slis: the result of every health check as a gauge, as upstream's component SLIs (KEP-3466).
import { answer, type Call } from '../request/call.ts';
import type { HealthEndpoint } from './checks.ts';

/** Runs every check of every endpoint and tells the results. */
export async function answerHealthMetrics(call: Call, endpoints: readonly HealthEndpoint[]): Promise<void> {
  const lines: string[] = [];
  for (const endpoint of endpoints) {
    for (const { name, check } of endpoint.checks()) {
      let value = 1;
      try {
        await check();
      } catch {
        value = 0;
      }
      lines.push(`kubernetes_healthcheck{name=${JSON.stringify(name)},type="${endpoint.name}"} ${value}`);
    }
  }
  const head = '# HELP kubernetes_healthcheck [STABLE] This metric records the result of a single healthcheck.\n# TYPE kubernetes_healthcheck gauge\n';
  answer(call, 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, `${head}${lines.sort().join('\n')}\n`);
}
