// What the server says about a definition in its status, as upstream's controllers do: names that are accepted or in
// conflict with others of the group, Established, whether a protected group's API is approved, schemas that are not
// structural. Pure: definitions in, changes out; controller.ts carries them out.
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '#api/apiextensions/v1.ts';
import { aggregateText, apiApproval, goQuote, invalidValue, isProtectedGroup, jsonEqual, parseStructural, SchemaError, structuralErrors, type FieldError } from '#machinery';
import { conditionOf, isTrue, nameOf, removeCondition, saysSame, setCondition, type Condition } from './definition.ts';

/** A change of the status, made in place. */
export type StatusChange = (definition: CustomResourceDefinition, nowMs: number) => void;

interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/** Names that others of the group have. */
function takenBy(definition: CustomResourceDefinition, all: readonly CustomResourceDefinition[]): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const other of all) {
    if (other.spec.group !== definition.spec.group) continue;
    const names = other.status?.acceptedNames;
    if (names === undefined) continue;
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if ((name ?? '') !== '') resources.add(name ?? '');
    for (const name of [names.kind, names.listKind]) if ((name ?? '') !== '') kinds.add(name ?? '');
  }
  return { resources, kinds };
}

interface Naming {
  readonly accepted: CustomResourceDefinitionNames;
  readonly condition: Condition;
}

function conflictOf(wanted: string, accepted: string, taken: ReadonlySet<string>): string | undefined {
  return wanted === accepted || !taken.has(wanted) ? undefined : `${goQuote(wanted)} is already in use`;
}

function namingOf(definition: CustomResourceDefinition, { resources, kinds }: Taken): Naming {
  const wanted = definition.spec.names;
  const accepted: CustomResourceDefinitionNames = { ...(definition.status?.acceptedNames ?? { plural: '', kind: '' }) };
  let refused: Pick<Condition, 'reason' | 'message'> | undefined;
  const one = (field: 'plural' | 'singular' | 'kind' | 'listKind', reason: string, taken: ReadonlySet<string>): void => {
    const name = wanted[field] ?? '';
    const message = conflictOf(name, accepted[field] ?? '', taken);
    if (message === undefined) accepted[field] = name;
    else refused = { reason, message };
  };
  one('plural', 'PluralConflict', resources);
  one('singular', 'SingularConflict', resources);
  if (!jsonEqual(wanted.shortNames ?? [], accepted.shortNames ?? [])) {
    const known = new Set(accepted.shortNames ?? []);
    const problems = (wanted.shortNames ?? []).filter((name) => !known.has(name)).map((name) => conflictOf(name, '', resources)).filter((message) => message !== undefined);
    if (problems.length > 0) refused = { reason: 'ShortNamesConflict', message: problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]` };
    else assign(accepted, 'shortNames', wanted.shortNames);
  }
  one('kind', 'KindConflict', kinds);
  one('listKind', 'ListKindConflict', kinds);
  assign(accepted, 'categories', wanted.categories);
  const condition: Condition =
    refused === undefined ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' } : { type: 'NamesAccepted', status: 'False', ...refused };
  return { accepted, condition };
}

function assign(names: CustomResourceDefinitionNames, field: 'shortNames' | 'categories', value: string[] | undefined): void {
  if (value === undefined) delete names[field];
  else names[field] = value;
}

/** Names and Established. */
function namesChange(definition: CustomResourceDefinition, all: readonly CustomResourceDefinition[]): StatusChange | undefined {
  const { accepted, condition } = namingOf(definition, takenBy(definition, all));
  const isSettled = jsonEqual(definition.status?.acceptedNames, accepted) && saysSame(conditionOf(definition, 'NamesAccepted'), condition);
  const established = establishedOf(definition, condition);
  const isEstablished = established === undefined || saysSame(conditionOf(definition, 'Established'), established);
  if (isSettled && isEstablished) return undefined;
  return (target, nowMs) => {
    setCondition(target, condition, nowMs);
    if (established !== undefined) setCondition(target, established, nowMs);
    if (target.status !== undefined) target.status.acceptedNames = accepted;
  };
}

/** undefined: stays as it is. What is established once stays so. */
function establishedOf(definition: CustomResourceDefinition, names: Condition): Condition | undefined {
  if (isTrue(definition, 'Established')) return undefined;
  if (names.status !== 'True') return { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
  if (hasBadCaBundle(definition)) return { type: 'Established', status: 'False', reason: 'InvalidCABundle', message: 'The conversion webhook CABundle is invalid' };
  return { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' };
}

function hasBadCaBundle(definition: CustomResourceDefinition): boolean {
  const bundle = definition.spec.conversion?.webhook?.clientConfig?.caBundle ?? '';
  if (bundle === '') return false;
  const text = Buffer.from(bundle, 'base64').toString('latin1');
  return text.trim() !== '' && !text.includes('-----BEGIN CERTIFICATE-----');
}

function approvalChange(definition: CustomResourceDefinition): StatusChange | undefined {
  if (!isProtectedGroup(definition.spec.group)) return undefined;
  const { state, reason: message } = apiApproval(definition.metadata?.annotations);
  const words = {
    invalid: ['False', 'InvalidAnnotation'], missing: ['False', 'MissingAnnotation'], approved: ['True', 'ApprovedAnnotation'], bypassed: ['False', 'UnapprovedAnnotation'],
  } as const;
  const [status, reason] = words[state];
  const condition: Condition = { type: 'KubernetesAPIApprovalPolicyConformant', status, reason, message };
  return saysSame(conditionOf(definition, condition.type), condition) ? undefined : (target, nowMs) => setCondition(target, condition, nowMs);
}

function structureOf(definition: CustomResourceDefinition): Condition | undefined {
  const errors: FieldError[] = [];
  if (definition.spec.preserveUnknownFields === true) errors.push(invalidValue('spec.preserveUnknownFields', true, 'must be false'));
  for (const [i, version] of definition.spec.versions.entries()) {
    const raw = version.schema?.openAPIV3Schema;
    if (raw === undefined) continue;
    try {
      errors.push(...structuralErrors(`spec.versions[${i}].schema.openAPIV3Schema`, parseStructural(raw)));
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      return { type: 'NonStructuralSchema', status: 'Unknown', reason: 'StructuralError', message: `failed to check validation schema for version ${version.name}: ${error.message}` };
    }
  }
  return errors.length === 0 ? undefined : { type: 'NonStructuralSchema', status: 'True', reason: 'Violations', message: aggregateText(errors) };
}

function structureChange(definition: CustomResourceDefinition): StatusChange | undefined {
  const wanted = structureOf(definition);
  const known = conditionOf(definition, 'NonStructuralSchema');
  if (wanted === undefined) return known === undefined ? undefined : (target) => removeCondition(target, 'NonStructuralSchema');
  return saysSame(known, wanted) ? undefined : (target, nowMs) => setCondition(target, wanted, nowMs);
}

/** What the status of a definition lacks; undefined when it says all there is to say. */
export function statusChange(definition: CustomResourceDefinition, all: readonly CustomResourceDefinition[]): StatusChange | undefined {
  const changes = [namesChange(definition, all.filter((other) => nameOf(other) !== nameOf(definition))), approvalChange(definition), structureChange(definition)].filter((change) => change !== undefined);
  if (changes.length === 0) return undefined;
  return (target, nowMs) => {
    for (const change of changes) change(target, nowMs);
  };
}
