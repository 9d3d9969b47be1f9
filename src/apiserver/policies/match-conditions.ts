// Match conditions of webhooks and policies: all must be true for a request to be their business. One that is false
// decides, whatever the others say; otherwise an error is for the failure policy to judge (upstream's
// pkg/admission/plugin/webhook/matchconditions).
import type { MatchCondition } from '#api/admissionregistration/v1.ts';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { cel } from '#machinery';
import type { Authorizer } from '../contract.ts';
import type { CompileConditions, ConditionResult, Conditions } from '../webhooks/index.ts';
import { accessOf, activationOf } from './input.ts';
import type { ConditionMetrics, ConditionLabels } from './condition-metrics.ts';

export interface ConditionPorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly authorizer: Authorizer;
  readonly metrics: ConditionMetrics;
}

/** One list of conditions, compiled. */
export interface CompiledConditions {
  evaluate(context: cel.EvaluationContext, labels: ConditionLabels): Promise<ConditionResult>;
}

/** `variables` are the policy's own, when there are any. */
export function compileConditions(
  ports: Pick<ConditionPorts, 'metrics'>, conditions: readonly MatchCondition[], environment: cel.Environment, failurePolicy: string, variables?: cel.ComposedVariables,
): CompiledConditions {
  const expressions = conditions.map(({ expression }) => cel.compileExpression(environment, expression, [cel.boolType]));
  const failed = (error: string): ConditionResult => (failurePolicy === 'Ignore' ? { matches: false } : { error });
  return {
    async evaluate(context, labels) {
      const startedAt = context.now();
      try {
        const { results } = await cel.evaluateAll(expressions, { ...context, ...(variables === undefined ? {} : { variables }) }, cel.matchConditionsCostBudget);
        const errors = results.flatMap((result) => (result?.error === undefined ? [] : [result.error]));
        for (const _ of errors) ports.metrics.failed(labels);
        if (results.some((result) => result?.value === false)) return { matches: false };
        if (errors.length === 0) return { matches: true };
        return failed(errors.length === 1 ? (errors[0] ?? '') : `[${[...new Set(errors)].join(', ')}]`);
      } catch (error) {
        return failed(errorText(error));
      } finally {
        ports.metrics.evaluated(labels, (context.now() - startedAt) / 1000);
      }
    },
  };
}

/** What the webhooks' plugins compile their conditions with. */
export function createConditionCompiler(ports: ConditionPorts): CompileConditions {
  return (conditions, of): Conditions => {
    const environment = cel.admissionEnvironment({ params: false, authorizer: true });
    const compiled = compileConditions(ports, conditions, environment, of.failurePolicy);
    return {
      evaluate(input) {
        const activation = activationOf({ ...input, access: accessOf(input.request, ports.authorizer) });
        const { signal } = input.request;
        return compiled.evaluate(
          { activation, now: () => ports.clock.monotonic(), ...(signal === undefined ? {} : { signal }) },
          { name: of.name, kind: of.kind, type: of.type, operation: input.request.operation },
        );
      },
    };
  };
}
