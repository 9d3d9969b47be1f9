// Door of policies/: the two policy plugins of admission, and match conditions for everybody.
import type { World } from '#base/world.ts';
import type { AdmissionPlugin, Authorizer, ObjectReader } from '../contract.ts';
import type { CompileConditions, MatchingPorts } from '../webhooks/index.ts';
import { createConditionMetrics } from './condition-metrics.ts';
import { createConditionCompiler } from './match-conditions.ts';
import { mutatingPolicies } from './mutating.ts';
import { createMutatingPolicyMetrics, createValidatingPolicyMetrics } from './policy-metrics.ts';
import { validatingPolicies } from './validating.ts';

export interface AdmissionPolicies {
  /** MutatingAdmissionPolicy and ValidatingAdmissionPolicy, in this order. */
  readonly plugins: readonly AdmissionPlugin[];
  /** For the matchConditions of webhooks. */
  readonly compileConditions: CompileConditions;
}

export function admissionPolicies(world: World, matching: MatchingPorts & { readonly reader: ObjectReader }, authorizer: Authorizer): AdmissionPolicies {
  const conditions = { clock: world.clock, authorizer, metrics: createConditionMetrics(world.metrics) };
  const ports = { conditions, matching, authorizer };
  return {
    plugins: [mutatingPolicies(ports, createMutatingPolicyMetrics(world.metrics)), validatingPolicies(ports, createValidatingPolicyMetrics(world.metrics))],
    compileConditions: createConditionCompiler(conditions),
  };
}

export { paramPermission } from './param-permission.ts';
