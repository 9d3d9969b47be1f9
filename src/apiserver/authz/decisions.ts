// Counts what each authorizer decides, under upstream's name. One that has no opinion is not counted.
import type { Metrics } from '#base/metrics.ts';
import type { Verdict } from '../contract.ts';
import type { RuleSource } from './rules.ts';

/** @param type as the configuration says it ("RBAC"). @param name its name there. */
export function countedAuthorizer(metrics: Metrics, type: string, name: string, authorizer: RuleSource): RuleSource {
  const decisions = metrics.counter('apiserver_authorization_decisions_total', 'Total number of terminal decisions made by an authorizer split by authorizer type, name, and decision.', ['type', 'name', 'decision']);
  const children = { allow: decisions.labels(type, name, 'allowed'), deny: decisions.labels(type, name, 'denied') };
  const count = (verdict: Verdict): Verdict => {
    if (verdict.decision !== 'none') children[verdict.decision].inc();
    return verdict;
  };
  return {
    name: authorizer.name,
    authorize(attributes) {
      const asked = authorizer.authorize(attributes);
      return asked instanceof Promise ? asked.then(count) : count(asked);
    },
    knownRules: (user, namespace) => authorizer.knownRules(user, namespace),
  };
}
