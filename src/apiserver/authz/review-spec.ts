// What an access review asks, checked with upstream's texts and turned into the question that authorizers know. Terms of
// selectors that this server does not understand are dropped and told: they make the question broader, never narrower.
// A selector may be as long as a body: it is read with pauses.
import type { ResourceAttributes, SubjectAccessReviewSpec } from '#api/authorization/v1.ts';
import { addAll, invalidValue, isEnough, labelKeyErrors, required, type FieldError, type Sliced } from '#machinery';
import type { Attributes, Identity, KubeObject, SelectorTerm } from '../contract.ts';
import { fieldTerms, labelTerms, type Selected } from './selectors.ts';

type Questions = Pick<SubjectAccessReviewSpec, 'resourceAttributes' | 'nonResourceAttributes'>;
type FieldSelector = NonNullable<ResourceAttributes['fieldSelector']>;
type LabelSelector = NonNullable<ResourceAttributes['labelSelector']>;
type Requirement = NonNullable<LabelSelector['requirements']>[number];

function requirementErrors(requirement: Requirement, path: string, isLabel: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const values = requirement.values ?? [];
  const { operator } = requirement;
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) errors.push({ type: 'Forbidden', field: `${path}.values`, detail: "may not be specified when `operator` is 'Exists' or 'DoesNotExist'" });
  if (isLabel) errors.push(...labelKeyErrors(requirement.key ?? '').map((text) => invalidValue(`${path}.key`, requirement.key ?? '', text)));
  else if ((requirement.key ?? '') === '') errors.push(required(`${path}.key`, 'must be specified'));
  return errors;
}

function selectorErrors(selector: FieldSelector | LabelSelector | undefined, path: string, isLabel: boolean): FieldError[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  const errors: FieldError[] = [];
  if (rawSelector !== '' && requirements.length > 0) errors.push(invalidValue(`${path}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'));
  if (rawSelector === '' && requirements.length === 0) errors.push(required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`));
  for (const [at, requirement] of requirements.entries()) {
    if (isEnough(errors)) break;
    addAll(errors, requirementErrors(requirement, `${path}.requirements[${at}]`, isLabel));
  }
  return errors;
}

export function questionErrors({ resourceAttributes, nonResourceAttributes }: Questions): FieldError[] {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    return [invalidValue('spec.nonResourceAttributes', nonResourceAttributes, 'cannot be specified in combination with resourceAttributes')];
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    return [invalidValue('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified')];
  }
  return [];
}

export function selectorAttributeErrors({ resourceAttributes }: Questions): FieldError[] {
  const path = 'spec.resourceAttributes';
  return [...selectorErrors(resourceAttributes?.fieldSelector, `${path}.fieldSelector`, false), ...selectorErrors(resourceAttributes?.labelSelector, `${path}.labelSelector`, true)];
}

export function subjectErrors({ user = '', groups = [] }: SubjectAccessReviewSpec): FieldError[] {
  return user === '' && groups.length === 0 ? [invalidValue('spec.user', user, 'at least one of user or group must be specified')] : [];
}

/** Reviews are asked, not kept: their metadata has nothing to say. */
export function metadataErrors(object: KubeObject, allowsNamespace: boolean): FieldError[] {
  const own = Object.entries(object.metadata ?? {}).filter(([name, value]) => value !== undefined && name !== 'managedFields' && !(allowsNamespace && name === 'namespace'));
  return own.length === 0 ? [] : [invalidValue('metadata', object.metadata, allowsNamespace ? 'must be empty except for namespace' : 'must be empty')];
}

function* labelSelected(selector: LabelSelector | undefined): Sliced<Selected | undefined> {
  if (selector === undefined) return undefined;
  if ((selector.rawSelector ?? '') !== '') return yield* labelTerms(selector.rawSelector ?? '');
  const terms: SelectorTerm[] = [];
  let error: string | undefined;
  for (const { key = '', operator = '', values = [] } of selector.requirements ?? []) {
    if (['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator)) terms.push({ key, operator, values });
    else error = `"${operator}" is not a valid label selector operator`;
  }
  return { terms, ...(error === undefined ? {} : { error }) };
}

function* fieldSelected(selector: FieldSelector | undefined): Sliced<Selected | undefined> {
  if (selector === undefined) return undefined;
  if ((selector.rawSelector ?? '') !== '') return yield* fieldTerms(selector.rawSelector ?? '');
  const terms: SelectorTerm[] = [];
  let error: string | undefined;
  for (const { key = '', operator = '', values = [] } of selector.requirements ?? []) {
    if (values.length > 1) error = 'fieldSelectors do not yet support multiple values';
    else if (operator === 'In' || operator === 'NotIn') terms.push({ key, operator, values });
    else error = `fieldSelectors do not yet support ${operator}`;
  }
  return { terms, ...(error === undefined ? {} : { error }) };
}

export interface Question {
  readonly attributes: Attributes;
  /** What of the selectors could not be taken into account. */
  readonly ignored: readonly string[];
}

function ignoredText(name: string, selected: Selected | undefined): string[] {
  if (selected?.error === undefined) return [];
  return [`spec.resourceAttributes.${name} ${selected.terms.length > 0 ? 'partially ignored' : 'ignored'} due to parse error`];
}

export function* questionOf(user: Identity, spec: Questions): Sliced<Question> {
  const resource = spec.resourceAttributes;
  const fields = yield* fieldSelected(resource?.fieldSelector);
  const labels = yield* labelSelected(resource?.labelSelector);
  return {
    attributes: {
      user,
      isResourceRequest: resource !== undefined,
      verb: resource?.verb ?? spec.nonResourceAttributes?.verb ?? '',
      path: spec.nonResourceAttributes?.path ?? '',
      apiGroup: resource?.group ?? '',
      apiVersion: resource === undefined ? '' : (resource.version ?? '') === '' ? '*' : (resource.version ?? ''),
      namespace: resource?.namespace ?? '',
      resource: resource?.resource ?? '',
      subresource: resource?.subresource ?? '',
      name: resource?.name ?? '',
      ...(fields === undefined ? {} : { fieldTerms: fields.terms }),
      ...(labels === undefined ? {} : { labelTerms: labels.terms }),
    },
    ignored: [...ignoredText('fieldSelector', fields), ...ignoredText('labelSelector', labels)],
  };
}
