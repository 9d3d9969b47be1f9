// Checks the expressions of a validating policy against the schemas of what it is about, and tells what could not be
// right; the policy works all the same (upstream's validating/typechecking.go).
import type { ExpressionWarning, ValidatingAdmissionPolicySpec } from '#api/admissionregistration/v1.ts';
import { declaredType, type Declared } from '../schema/declared.ts';
import type { SchemaNode } from '../schema/node.ts';
import { ComposedVariables } from './compile.ts';
import { typedAdmissionEnvironment } from './environment.ts';

export interface CheckedResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

export interface CheckedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly node: SchemaNode;
}

/** Per rule. */
const mostKinds = 10;

/** The resources that a policy names in full; wildcards and subresources tell no type. */
export function resourcesToCheck(spec: ValidatingAdmissionPolicySpec): CheckedResource[][] {
  return (spec.matchConstraints?.resourceRules ?? []).map((rule) => {
    const { apiGroups = [], apiVersions = [], resources = [] } = rule;
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) return [];
    const plain = resources.filter((resource) => !/[*/]/.test(resource)).toSorted();
    return apiGroups.toSorted().flatMap((group) => apiVersions.toSorted().flatMap((version) => plain.map((resource) => ({ group, version, resource })))).slice(0, mostKinds);
  });
}

function declaredKind(node: SchemaNode | undefined, kind: string): Declared | undefined {
  return node === undefined ? undefined : declaredType(node, kind, true);
}

function kindText({ group, version, kind }: CheckedKind): string {
  return `${group}/${version}, Kind=${kind}`;
}

/** `params` when the policy has a paramKind; its schema may be unknown. */
export function typeCheckPolicy(spec: ValidatingAdmissionPolicySpec, kinds: readonly CheckedKind[], params: { readonly kind: string; readonly node: SchemaNode | undefined } | undefined): ExpressionWarning[] {
  const declaredParams = params === undefined ? undefined : { declared: declaredKind(params.node, `Params.${params.kind}`) };
  const environments = kinds.map((kind) => {
    const variables = new ComposedVariables();
    const environment = variables.environment(typedAdmissionEnvironment(declaredKind(kind.node, kind.kind), declaredParams));
    for (const { name, expression } of spec.variables ?? []) variables.add(environment, name, expression);
    return { kind, environment };
  });
  const check = (fieldRef: string, expression: string): ExpressionWarning[] => {
    const problems = environments.flatMap(({ kind, environment }) => {
      const { issues } = environment.compile(expression);
      return issues === undefined ? [] : [`${kindText(kind)}: ${issues.toString()}\n`];
    });
    return problems.length === 0 ? [] : [{ fieldRef, warning: problems.join('\n') }];
  };
  return (spec.validations ?? []).flatMap(({ expression, messageExpression = '' }, i) => [
    ...check(`spec.validations[${i}].expression`, expression),
    ...(messageExpression === '' ? [] : check(`spec.validations[${i}].messageExpression`, messageExpression)),
  ]);
}
