// format.dns1123Label().validate(text), format.named("uri"): the named formats that Kubernetes checks texts
// against (upstream's kubernetes.format, since 1.31). A valid text answers optional.none(), another one its errors.
import type { FunctionDeclaration } from '../contract.ts';
import { regexLengthFactor, scaled, stringTraversalFactor } from '../cost/estimate.ts';
import { labelKeyErrors, labelValueErrors } from '../../label-syntax.ts';
import { nameIsDns1035Label, nameIsLabel, nameIsSubdomain } from '../../names.ts';
import { listType, objectType, optionalType, stringType } from '../types/types.ts';
import { CelOptional, noneOptional } from '../types/values.ts';
import { actualSize, estimatedSize, patternCost, unit, type Costs } from './costs.ts';
import { asText, declare, listOf, of1, of2, opaqueKind } from './declare.ts';
import { checkRequestUri } from './parse/go-url.ts';

interface NamedFormat {
  readonly name: string;
  /** What is wrong with the text. */
  readonly errors: (text: string) => string[];
  /** The length of the pattern it stands for, which is what validating costs. */
  readonly patternSize: number;
}

export const formatType = objectType('kubernetes.NamedFormat');
export const formatKind = opaqueKind<NamedFormat>(formatType, (a, b) => a.name === b.name);

const longestPattern = 128;
const uuidPattern = '(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$';
const dateTimePattern = '^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$';
const time = new RegExp(dateTimePattern);
const uuid = new RegExp(uuidPattern.slice('(?i)'.length), 'i');
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;

const unless = (isValid: (text: string) => boolean, problem: string) => (text: string): string[] => (isValid(text) ? [] : [problem]);

/** A day of the calendar, "2021-02-28". */
export function isCalendarDate(text: string): boolean {
  const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day >= 1 && day <= (lengths[month - 1] ?? 0);
}

/** A day and a time with its offset, "2021-02-28T12:00:00Z"; leap seconds are none. */
export function isDateTime(text: string): boolean {
  const [date = '', clock] = text.toLowerCase().split('t');
  if (clock === undefined || !isCalendarDate(date)) return false;
  const match = time.exec(clock);
  return match !== null && (match[1] ?? '') <= '23' && (match[2] ?? '') <= '59' && (match[3] ?? '') <= '59';
}

function uriErrors(text: string): string[] {
  try {
    checkRequestUri(text);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

const formats: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: { name: 'DNS1123Label', errors: (text) => nameIsLabel(text, false), patternSize: 30 },
  dns1123Subdomain: { name: 'DNS1123Subdomain', errors: (text) => nameIsSubdomain(text, false), patternSize: 60 },
  dns1035Label: { name: 'DNS1035Label', errors: (text) => nameIsDns1035Label(text, false), patternSize: 30 },
  qualifiedName: { name: 'QualifiedName', errors: labelKeyErrors, patternSize: 60 },
  dns1123LabelPrefix: { name: 'DNS1123LabelPrefix', errors: (text) => nameIsLabel(text, true), patternSize: 30 },
  dns1123SubdomainPrefix: { name: 'DNS1123SubdomainPrefix', errors: (text) => nameIsSubdomain(text, true), patternSize: 60 },
  dns1035LabelPrefix: { name: 'DNS1035LabelPrefix', errors: (text) => nameIsDns1035Label(text, true), patternSize: 30 },
  labelValue: { name: 'LabelValue', errors: labelValueErrors, patternSize: 40 },
  uri: { name: 'URI', errors: uriErrors, patternSize: 1103 },
  uuid: { name: 'uuid', errors: unless((text) => uuid.test(text), 'does not match the UUID format'), patternSize: uuidPattern.length },
  byte: { name: 'byte', errors: unless((text) => base64.test(text), 'invalid base64'), patternSize: 84 },
  date: { name: 'date', errors: unless(isCalendarDate, 'invalid date'), patternSize: dateTimePattern.length },
  datetime: { name: 'datetime', errors: unless(isDateTime, 'invalid datetime'), patternSize: dateTimePattern.length },
};

const values = new Map(Object.entries(formats).map(([name, format]) => [name, formatKind.wrap(format)]));

const validation: Costs = {
  estimateCost(estimator, _, [text]) {
    if (text === undefined) return undefined;
    return { cost: scaled(scaled(estimatedSize(estimator, text), stringTraversalFactor), longestPattern * regexLengthFactor) };
  },
  actualCost([format, text]) {
    const held = typeof format === 'object' && format !== null && format.is !== 'error' ? formatKind.read(format) : undefined;
    return held === undefined ? undefined : patternCost(actualSize(text), held.patternSize);
  },
};

export const formatLibrary: readonly FunctionDeclaration[] = [
  declare('validate', {
    id: 'format-validate', params: [formatType, stringType], result: optionalType(listType(stringType)), member: true, ...validation,
    call: of2(formatKind.read, asText, (format, text) => {
      const errors = format.errors(text);
      return errors.length === 0 ? noneOptional : new CelOptional(listOf(errors));
    }),
  }),
  declare('format.named', {
    id: 'format-named', params: [stringType], result: optionalType(formatType), ...unit,
    call: of1(asText, (name) => {
      const found = values.get(name);
      return found === undefined ? noneOptional : new CelOptional(found);
    }),
  }),
  ...[...values].map(([name, value]) => declare(`format.${name}`, { id: `format.${name}`, params: [], result: formatType, call: () => value })),
];
