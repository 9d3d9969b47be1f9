// Which objects a list, watch or deletecollection means: namespace, label selector and field selector as one
// filter over cache entries. Field selectors know only the fields that the resource offers.
import { badRequest, everything, parseFieldSelector, parseLabelSelector, type FieldRequirement, type LabelMatcher } from '#machinery';
import type { Entry, EntryFilter } from '../cache/entry.ts';
import { storedFieldPath } from '../registry/conversions.ts';
import type { ServedResource } from '../registry/resources.ts';

interface FieldTest {
  readonly wanted: boolean;
  readonly value: string;
  /** 'name', 'namespace' or the position among the selectable fields. */
  readonly at: 'name' | 'namespace' | number;
}

export interface Selection extends EntryFilter {
  /** The one name that can match, if the selector says so. */
  readonly exactName: string | undefined;
}

/** Throws 400 for a selector that does not parse or a field that the resource does not offer. */
export function selectEntries(served: ServedResource, namespace: string, labelText: string, fieldText: string): Selection {
  const labels = labelText === '' ? everything : parsed(() => parseLabelSelector(labelText));
  const requirements = fieldText === '' ? [] : parsed(() => parseFieldSelector(fieldText)).requirements;
  const tests = requirements.map((requirement) => fieldTest(served, requirement));
  const exact = tests.find((test) => test.at === 'name' && test.wanted);
  const unfiltered = labels.empty && tests.length === 0;
  return {
    namespace,
    text: unfiltered ? namespace : `${namespace}\n${labelText}\n${fieldText}`,
    unfiltered,
    exactName: exact?.value,
    matches: matcher(namespace, labels, tests),
  };
}

/** More tests than this are gathered by field and value: what is left to ask is bounded by the number of fields. */
const mostAsked = 8;

function gathered(tests: readonly FieldTest[]): readonly FieldTest[] | undefined {
  const wanted = new Map<FieldTest['at'], FieldTest>();
  for (const test of tests) {
    if (!test.wanted) continue;
    const other = wanted.get(test.at);
    if (other !== undefined && other.value !== test.value) return undefined;
    wanted.set(test.at, test);
  }
  return [...wanted.values()];
}

function unwantedValues(tests: readonly FieldTest[]): ReadonlyMap<FieldTest['at'], ReadonlySet<string>> {
  const unwanted = new Map<FieldTest['at'], Set<string>>();
  for (const test of tests) if (!test.wanted) unwanted.set(test.at, (unwanted.get(test.at) ?? new Set()).add(test.value));
  return unwanted;
}

function valueOf(entry: Entry, at: FieldTest['at']): string {
  return at === 'name' ? entry.name : at === 'namespace' ? entry.namespace : (entry.fields[at] ?? '');
}

/** As asking each test, at a cost that does not grow with their number. */
function manyFields(tests: readonly FieldTest[]): (entry: Entry) => boolean {
  const wanted = gathered(tests);
  // Two values for one field: nothing has both.
  if (wanted === undefined) return () => false;
  const unwanted = [...unwantedValues(tests)];
  return (entry) => wanted.every((test) => valueOf(entry, test.at) === test.value) && unwanted.every(([at, values]) => !values.has(valueOf(entry, at)));
}

function matcher(namespace: string, labels: LabelMatcher, tests: readonly FieldTest[]): (entry: Entry) => boolean {
  const fields = tests.length > mostAsked ? manyFields(tests) : (entry: Entry): boolean => {
    for (const test of tests) {
      if ((valueOf(entry, test.at) === test.value) !== test.wanted) return false;
    }
    return true;
  };
  const anyLabels = labels.empty;
  return (entry) => (namespace === '' || entry.namespace === namespace) && (anyLabels || labels.matches(entry.labels)) && fields(entry);
}

function fieldTest(served: ServedResource, requirement: FieldRequirement): FieldTest {
  const { value, operator } = requirement;
  const wanted = operator === '=';
  const strategy = served.stored?.strategy;
  const path = storedFieldPath(served.info.type, requirement.field);
  const field = strategy?.fieldAliases[path] ?? path;
  if (field === 'metadata.name') return { at: 'name', value, wanted };
  if (field === 'metadata.namespace' && served.info.namespaced) return { at: 'namespace', value, wanted };
  const at = strategy?.fieldNames.indexOf(field) ?? -1;
  if (at < 0) throw badRequest(unsupported(served, requirement.field));
  return { at, value, wanted };
}

/** Upstream's wording differs by kind: the default conversion quotes the known fields. */
function unsupported(served: ServedResource, field: string): string {
  if (served.info.kind === 'Job' && served.info.group === 'batch') return `field label "${field}" not supported for Job`;
  const custom = served.info.type === undefined || (served.stored?.strategy.fieldNames.length ?? 0) > 0;
  return custom ? `field label not supported: ${field}` : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}
