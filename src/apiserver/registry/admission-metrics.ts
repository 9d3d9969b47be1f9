// How long admission takes, under upstream's names: each plugin, and all of them as one step ("admit" changes, "validate"
// judges). Children are made when the chain chooses its plugins for a kind of request, not with each request.
import type { Metrics } from '#base/metrics.ts';
import type { Operation } from '../contract.ts';

export interface Timing {
  passed(seconds: number): void;
  refused(seconds: number): void;
}

export type StepType = 'admit' | 'validate';

export interface AdmissionTimings {
  /** Milliseconds. */
  now(): number;
  plugin(name: string, type: StepType, operation: Operation): Timing;
  step(type: StepType, operation: Operation): Timing;
}

const buckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const quantiles = [0.5, 0.9, 0.99];

export function createAdmissionTimings(metrics: Metrics, now: () => number): AdmissionTimings {
  const plugins = metrics.histogram(
    'apiserver_admission_controller_admission_duration_seconds',
    'Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).', ['name', 'type', 'operation', 'rejected'], buckets,
  );
  const help = (kind: string): string => `Admission sub-step latency ${kind} in seconds, broken out for each operation and API resource and step type (validate or admit).`;
  const steps = metrics.histogram('apiserver_admission_step_admission_duration_seconds', help('histogram'), ['type', 'operation', 'rejected'], buckets);
  const summaries = metrics.summary('apiserver_admission_step_admission_duration_seconds_summary', help('summary'), ['type', 'operation', 'rejected'], quantiles);
  return {
    now,
    plugin(name, type, operation) {
      const child = plugins.labels(name, type, operation, 'false');
      return { passed: (seconds) => child.observe(seconds), refused: (seconds) => plugins.labels(name, type, operation, 'true').observe(seconds) };
    },
    step(type, operation) {
      const told = (rejected: string) => {
        const [histogram, summary] = [steps.labels(type, operation, rejected), summaries.labels(type, operation, rejected)];
        return (seconds: number): void => {
          histogram.observe(seconds);
          summary.observe(seconds);
        };
      };
      let refused: ((seconds: number) => void) | undefined;
      return { passed: told('false'), refused: (seconds) => (refused ??= told('true'))(seconds) };
    },
  };
}

const unheard: Timing = { passed() {}, refused() {} };

/** For chains without plugins: the server's own writes. */
export const untimed: AdmissionTimings = { now: () => 0, plugin: () => unheard, step: () => unheard };
