// The rules of a version's schema, compiled when the first object is checked: definitions with rules cost nothing at
// start-up, and expressions are compiled once each.
import { compileRuleTree, runRules, someSchema, type RuleNode } from '#machinery';
import type { RuleCheck } from './custom-validation.ts';
import type { VersionSchema } from './version-schema.ts';

export function ruleCheck({ raw, structural }: VersionSchema): RuleCheck | undefined {
  if (structural === undefined || !someSchema(raw, (schema) => (schema['x-kubernetes-validations'] ?? []).length > 0)) return undefined;
  let compiled: { readonly root: RuleNode | undefined } | undefined;
  return (object, old, correlation, warn) => {
    compiled ??= { root: compileRuleTree(structural, true) };
    return compiled.root === undefined ? [] : runRules(compiled.root, { value: object, old, correlation, warn });
  };
}
