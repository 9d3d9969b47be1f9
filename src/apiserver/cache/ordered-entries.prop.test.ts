// Random changes against a plain map: order, lookups and snapshots must agree.
import { expect, it } from 'vitest';
import { randomInt, seededRandom } from '#base/random.ts';
import type { Entry } from './entry.ts';
import { OrderedEntries } from './ordered-entries.ts';

function entry(key: string, revision: number): Entry {
  return { key, namespace: '', name: key, uid: '', revision, bytes: Buffer.alloc(0), labels: {}, fields: [] };
}

it('keeps order through any changes, and snapshots stay as they were', () => {
  const seed = 1_784_301;
  const random = seededRandom(seed);
  const entries = new OrderedEntries();
  const model = new Map<string, number>();
  const snapshots: { taken: string[]; read: () => string[] }[] = [];
  const shown = (found: Iterable<Entry>): string[] => Array.from(found, (e) => `${e.key}@${e.revision}`);
  const expected = (): string[] => [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, revision]) => `${key}@${revision}`);
  for (let revision = 1; revision <= 5000; revision++) {
    const key = `k${randomInt(random, 1500)}`;
    if (randomInt(random, 3) === 0) {
      entries.delete(key);
      model.delete(key);
    } else {
      entries.set(entry(key, revision));
      model.set(key, revision);
    }
    if (revision % 500 === 0) {
      const snapshot = entries.snapshot();
      snapshots.push({ taken: expected(), read: () => shown(snapshot.range()) });
    }
  }
  expect(shown(entries.snapshot().range()), `seed ${seed}`).toEqual(expected());
  for (const { taken, read } of snapshots) expect(read(), `seed ${seed}`).toEqual(taken);
  expect(shown(entries.snapshot().range('k2', 'k3')), `seed ${seed}`).toEqual(expected().filter((text) => text >= 'k2' && text < 'k3'));
});
