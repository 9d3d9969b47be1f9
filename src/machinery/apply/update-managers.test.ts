// A manager that updates what it owns already keeps its set as it is; what comes out is what taking and giving back would make.
import { expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom } from '#base/random.ts';
import type { KubeObject } from '../object.ts';
import { atOnce } from '../slices.ts';
import { compareObjects } from './compare.ts';
import { leaf, union } from './field-set.ts';
import { managerKey, type Manager } from './managed-fields.ts';
import { shapeOf } from './shape.ts';
import { recordingUpdate, type UpdateRecord } from './track-update.ts';
import { takingChanged } from './update-managers.ts';
import { sortedSet } from './written-set.ts';

const rounds = 4_000;

test('sets of managers after random updates', () => {
  const seed = randomInt(systemRandom, 2 ** 30);
  const random = seededRandom(seed);
  const shape = shapeOf('core.v1.Pod');
  const one = <T>(values: readonly T[]): T => values[randomInt(random, values.length)] as T;
  const texts = (): Record<string, string> => Object.fromEntries(Array.from({ length: randomInt(random, 3) }, () => [one(['a', 'b']), one(['1', '2'])]));
  const container = (name: string): object => ({ name, image: one(['x', 'y']), ...(one([true, false]) ? { resources: { limits: texts() } } : {}), ...(one([true, false]) ? { args: [one(['p', 'q'])] } : {}) });
  const object = (): KubeObject => ({
    kind: 'Pod', apiVersion: 'v1', metadata: { name: 'n', ...(one([true, false]) ? { labels: texts() } : {}), ...(one([true, false]) ? { annotations: texts() } : {}) },
    spec: { containers: ['c', 'd'].slice(0, randomInt(random, 3)).map(container), ...(one([true, false]) ? { nodeSelector: texts() } : {}) },
  }) as unknown as KubeObject;
  for (let round = 0; round < rounds; round++) {
    const before = object();
    const after = one([true, false]) ? object() : { ...before, metadata: object().metadata } as KubeObject;
    const owner = (name: string): Manager => ({ name, operation: 'Update', apiVersion: 'v1', subresource: '', time: undefined, fields: sortedSet(compareObjects(shape, {}, one([before, after, object()])).added) });
    const managers = (): Map<string, Manager> => new Map([first, second].map((manager) => [managerKey(manager), manager]));
    const [first, second] = [owner('first'), owner('second')];
    const update: UpdateRecord = { shape, type: 'core.v1.Pod', apiVersion: 'v1', manager: 'first', subresource: '', nowMs: 0, reset: undefined, convert: undefined };
    const expected = managers();
    const { comparison } = atOnce(takingChanged(expected, undefined, before, after, update, true));
    const fields = union(comparison.modified, comparison.added);
    const shown = (key: string, more = leaf, from: ReadonlyMap<string, Manager> = expected): string => JSON.stringify(sortedSet(union(more, from.get(key)?.fields ?? leaf)));
    const found = managers();
    atOnce(recordingUpdate(found, before, after, update));
    const [own, other] = [managerKey(first), managerKey(second)];
    expect({ seed, round, own: shown(own, leaf, found), other: shown(other, leaf, found) }).toEqual({ seed, round, own: shown(own, fields), other: shown(other) });
  }
});
