// The rules of a version's schema, compiled when the first object is checked: definitions with rules cost nothing at
// start-up, and expressions are compiled once each.
import { compileRuleTree, runRules, someSchema, type RuleNode } from '#machinery';
import type { World } from '#base/world.ts';
import type { RuleCheck } from './custom-validation.ts';
import type { VersionSchema } from './version-schema.ts';

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How long the rules of definitions take, in seconds: all of a schema to compile, all of an object to ask. */
export interface RuleTimes {
  /** Milliseconds. */
  now(): number;
  readonly compilation: { observe(seconds: number): void };
  readonly evaluation: { observe(seconds: number): void };
}

export function createRuleTimes({ clock, metrics }: Pick<World, 'clock' | 'metrics'>): RuleTimes {
  const histogram = (name: string, help: string) => metrics.histogram(`apiserver_cel_${name}_duration_seconds`, `[BETA] ${help}`, [], buckets).labels();
  return { now: () => clock.monotonic(), compilation: histogram('compilation', 'CEL compilation time in seconds.'), evaluation: histogram('evaluation', 'CEL evaluation time in seconds.') };
}

export function ruleCheck({ raw, structural }: VersionSchema, times: RuleTimes): RuleCheck | undefined {
  if (structural === undefined || !someSchema(raw, (schema) => (schema['x-kubernetes-validations'] ?? []).length > 0)) return undefined;
  let compiled: { readonly root: RuleNode | undefined } | undefined;
  return (object, old, correlation, warn) => {
    const started = times.now();
    if (compiled === undefined) {
      compiled = { root: compileRuleTree(structural, true) };
      times.compilation.observe((times.now() - started) / 1000);
    }
    if (compiled.root === undefined) return [];
    const asked = times.now();
    const errors = runRules(compiled.root, { value: object, old, correlation, warn });
    times.evaluation.observe((times.now() - asked) / 1000);
    return errors;
  };
}
