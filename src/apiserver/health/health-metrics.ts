// /metrics/slis: the result of every health check as a gauge, as upstream's component SLIs (KEP-3466); and what a server
// tells of its checks and its build among its metrics.
import type { Metrics } from '#base/metrics.ts';
import { answer, type Call } from '../request/call.ts';
import type { CheckCounts, HealthEndpoint } from './checks.ts';

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

/** Counts checks as they are asked, as upstream's component SLIs do. */
export function checkCounts(metrics: Metrics): CheckCounts {
  const state = metrics.gauge('kubernetes_healthcheck', 'This metric records the result of a single healthcheck.', ['name', 'type']);
  const total = metrics.counter('kubernetes_healthchecks_total', 'This metric records the results of all healthcheck.', ['name', 'type', 'status']);
  return {
    told(name, type, isWell) {
      state.set({ name, type }, isWell ? 1 : 0);
      total.inc({ name, type, status: isWell ? 'success' : 'error' });
    },
  };
}

/** What is running. */
export function tellBuild(metrics: Metrics, version: Readonly<Record<string, string>>): void {
  const { major = '', minor = '', gitVersion = '', gitCommit = '', gitTreeState = '', buildDate = '', goVersion = '', compiler = '', platform = '' } = version;
  const labels = { major, minor, git_version: gitVersion, git_commit: gitCommit, git_tree_state: gitTreeState, build_date: buildDate, go_version: goVersion, compiler, platform };
  metrics.gauge('kubernetes_build_info', 'A metric with a constant \'1\' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.', Object.keys(labels)).set(labels, 1);
  const own = `${major}.${minor}`;
  const minimal = `${major}.${Math.max(0, Number(minor) - 1)}`;
  metrics.gauge('version_info', 'Provides the compatibility version info of the component. The component label is the name of the component, usually kube, but is relevant for aggregated-apiservers.', ['component', 'binary', 'emulation', 'min_compat']).set({ component: 'kube', binary: own, emulation: own, min_compat: minimal }, 1);
}
