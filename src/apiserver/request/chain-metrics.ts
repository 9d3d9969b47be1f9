// What the chain tells of its steps under upstream's names: who was known and who was let through, and how long it took.
// Children are made at the start, so that a request pays for two looks at the clock and a few additions.
import type { Metrics } from '#base/metrics.ts';
import type { Verdict } from '../contract.ts';

export interface ChainMetrics {
  authenticated(user: string, ms: number): void;
  /** error: bad credentials; failure: none that anybody knows. */
  notAuthenticated(result: 'error' | 'failure', ms: number): void;
  authorized(verdict: Verdict, ms: number): void;
  /** Of a step that a request went through. */
  readonly steps: Readonly<Record<'audit' | 'impersonation' | 'priorityandfairness', { observe(seconds: number): void }>>;
}

const identityBuckets = Array.from({ length: 15 }, (_, at) => 0.001 * 2 ** at);
const stepBuckets = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30];
/** Names that are told as they are; all others are nobody's business. */
const wellKnown = ['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'];

export function createChainMetrics(metrics: Metrics): ChainMetrics {
  const users = metrics.counter('authenticated_user_requests', 'Counter of authenticated requests broken out by username.', ['username']);
  const known = new Map(wellKnown.map((name) => [name, () => users.labels(name)]));
  const other = users.labels('other');
  const results = <R extends string>(counterName: string, histogramName: string, counterHelp: string, histogramHelp: string, names: readonly R[]) => {
    const counter = metrics.counter(counterName, counterHelp, ['result']);
    const histogram = metrics.histogram(histogramName, histogramHelp, ['result'], identityBuckets);
    const children = new Map<R, { count: { inc(): void }; time: { observe(seconds: number): void } }>();
    return (result: R, ms: number): void => {
      let child = children.get(result);
      if (child === undefined && names.includes(result)) children.set(result, (child = { count: counter.labels(result), time: histogram.labels(result) }));
      child?.count.inc();
      child?.time.observe(ms / 1000);
    };
  };
  const authentication = results(
    'authentication_attempts', 'authentication_duration_seconds', 'Counter of authenticated attempts.', 'Authentication duration in seconds broken out by result.', ['success', 'failure', 'error'],
  );
  const authorization = results(
    'authorization_attempts_total', 'authorization_duration_seconds', "Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
    'Authorization duration in seconds broken out by result.', ['allowed', 'denied', 'no-opinion', 'error'],
  );
  const steps = metrics.histogram('apiserver_request_filter_duration_seconds', 'Request filter latency distribution in seconds, for each filter type', ['filter'], stepBuckets);
  const [authenticationStep, authorizationStep] = [steps.labels('authentication'), steps.labels('authorization')];
  return {
    authenticated(user, ms) {
      authentication('success', ms);
      authenticationStep.observe(ms / 1000);
      const named = known.get(user)?.();
      if (named !== undefined) named.inc();
      else if (user.includes('@')) users.labels('email_id').inc();
      else other.inc();
    },
    notAuthenticated(result, ms) {
      authentication(result, ms);
      authenticationStep.observe(ms / 1000);
    },
    authorized(verdict, ms) {
      authorization(resultOf(verdict), ms);
      authorizationStep.observe(ms / 1000);
    },
    steps: { audit: steps.labels('audit'), impersonation: steps.labels('impersonation'), priorityandfairness: steps.labels('priorityandfairness') },
  };
}

function resultOf({ decision, error }: Verdict): 'allowed' | 'denied' | 'no-opinion' | 'error' {
  if (decision === 'allow') return 'allowed';
  if (error !== undefined) return 'error';
  return decision === 'deny' ? 'denied' : 'no-opinion';
}
