// A CustomResourceDefinition as the parts of this folder look at it: its conditions, its versions, its names.
import type { CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionVersion } from '#api/apiextensions/v1.ts';
import { rfc3339 } from '#base/clock.ts';
import { applyDefaults } from '#machinery';
import type { KubeObject } from '../contract.ts';

export type Definition = KubeObject & CustomResourceDefinition;

export const definitionGroup = 'apiextensions.k8s.io';
export const definitionPlural = 'customresourcedefinitions';
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

export type ConditionType = 'NamesAccepted' | 'Established' | 'NonStructuralSchema' | 'Terminating' | 'KubernetesAPIApprovalPolicyConformant';

export interface Condition {
  readonly type: ConditionType;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export function nameOf(definition: CustomResourceDefinition): string {
  return definition.metadata?.name ?? '';
}

export function conditionOf(definition: CustomResourceDefinition, type: ConditionType): CustomResourceDefinitionCondition | undefined {
  return definition.status?.conditions?.find((condition) => condition.type === type);
}

export function isTrue(definition: CustomResourceDefinition, type: ConditionType): boolean {
  return conditionOf(definition, type)?.status === 'True';
}

export function saysSame(known: CustomResourceDefinitionCondition | undefined, wanted: Condition): boolean {
  return known !== undefined && known.status === wanted.status && known.reason === wanted.reason && known.message === wanted.message;
}

/** Sets a condition in place; its time moves when its status does. */
export function setCondition(definition: CustomResourceDefinition, condition: Condition, nowMs: number): void {
  const status = (definition.status ??= { conditions: [], acceptedNames: { plural: '', kind: '' }, storedVersions: [] });
  const conditions = (status.conditions ??= []);
  const known = conditions.find((one) => one.type === condition.type);
  if (known === undefined) {
    conditions.push({ ...condition, lastTransitionTime: rfc3339(nowMs) });
    return;
  }
  if (known.status !== condition.status || known.lastTransitionTime === undefined || known.lastTransitionTime === null) known.lastTransitionTime = rfc3339(nowMs);
  known.status = condition.status;
  known.reason = condition.reason;
  known.message = condition.message;
}

export function removeCondition(definition: CustomResourceDefinition, type: ConditionType): void {
  if (definition.status?.conditions !== undefined) definition.status.conditions = definition.status.conditions.filter((condition) => condition.type !== type);
}

export function storageVersion(definition: CustomResourceDefinition): CustomResourceDefinitionVersion | undefined {
  // Before it is validated, a definition may have none at all.
  const versions: readonly CustomResourceDefinitionVersion[] | null = definition.spec.versions;
  return versions?.find((version) => version.storage);
}

/** What an object of the store gets as it is read: a definition that came there past the server may have no status. Does it change? */
export function completeDefinition(object: KubeObject): boolean {
  const definition = object as Definition;
  if ((definition.status?.storedVersions ?? []).length > 0) return false;
  definition.status = { conditions: [], acceptedNames: { plural: '', kind: '' }, ...definition.status, storedVersions: [] };
  applyDefaults('apiextensions.v1.CustomResourceDefinition', definition);
  return true;
}

export function isTerminating(definition: CustomResourceDefinition): boolean {
  return isTrue(definition, 'Terminating');
}
