// LeaseCandidates: who would hold a lease, and with which versions.
import type { LeaseCandidate } from '#api/coordination/v1beta1.ts';
import { addAll, invalidValue, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkEnum, checkQualifiedName, checkRequired } from '../core/fields.ts';
import { immutable } from '../meta/object-meta.ts';
import { standard } from '../validator.ts';

const syntax = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

interface Version { readonly numbers: readonly number[]; readonly before: readonly string[] }

const zero: Version = { numbers: [0, 0, 0], before: [] };

function parse(text: string): Version | undefined {
  const match = syntax.exec(text);
  return match ? { numbers: match.slice(1, 4).map(Number), before: match[4]?.split('.') ?? [] } : undefined;
}

/** As semver.org orders what comes before a release: numbers before words, fewer parts first. */
function comparePart(a: string, b: string): number {
  const [x, y] = [a, b].map((part) => (/^\d+$/.test(part) ? Number(part) : undefined));
  if (x !== undefined && y !== undefined) return x - y;
  if (x !== undefined || y !== undefined) return x === undefined ? 1 : -1;
  return a === b ? 0 : a < b ? -1 : 1;
}

function compare(a: Version, b: Version): number {
  for (const [i, number] of a.numbers.entries()) if (number !== b.numbers[i]) return number - (b.numbers[i] ?? 0);
  if (a.before.length === 0 || b.before.length === 0) return b.before.length - a.before.length;
  for (const [i, part] of a.before.entries()) {
    const other = b.before[i];
    const order = other === undefined ? 1 : comparePart(part, other);
    if (order !== 0) return order;
  }
  return a.before.length - b.before.length;
}

const notAVersion = 'must be a valid semantic version';

function checkCandidate(object: LeaseCandidate): FieldError[] {
  const { leaseName, emulationVersion = '', binaryVersion = '', strategy = '' } = object.spec ?? {};
  const errors = checkRequired(leaseName, 'spec.leaseName');
  const emulation = parse(emulationVersion);
  const binary = parse(binaryVersion);
  if (emulationVersion !== '' && !emulation) errors.push(invalidValue('spec.emulationVersion', emulationVersion, notAVersion));
  if (binaryVersion === '') errors.push(required('spec.binaryVersion', ''));
  else if (!binary) errors.push(invalidValue('spec.binaryVersion', binaryVersion, notAVersion));
  if (binaryVersion !== '' && emulationVersion !== '' && compare(binary ?? zero, emulation ?? zero) < 0) {
    errors.push(invalidValue('spec.binaryVersion', binaryVersion, 'must be greater than or equal to `emulationVersion`'));
  }
  if (strategy === '') return [...errors, required('spec.strategy', '')];
  if (strategy === 'OldestEmulationVersion' && compare(emulation ?? zero, zero) === 0) {
    errors.push(required('spec.emulationVersion', "must be specified when `strategy` is 'OldestEmulationVersion'"));
  }
  const path = 'spec.strategy.strategy';
  addAll(errors, (strategy.includes('/') ? checkQualifiedName(strategy, path) : checkEnum(strategy, ['OldestEmulationVersion'], path)));
  return errors;
}

export const leaseCandidate = standard<LeaseCandidate>({
  namespaced: true,
  name: nameIsSubdomain,
  spec: checkCandidate,
  update: (object, old) => [...checkCandidate(object), ...immutable(object.spec?.leaseName, old.spec?.leaseName, 'spec.leaseName')],
});
