// A watch stream whose client reads slowly, and progress of a whole stream.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openMemoryStore, type MemoryStore } from '#store';
import { manualWorld, type ManualWorld } from '../testing-clock.ts';
import { openWatchStream, type CreateRequest, type WatchStream } from './watches.ts';

interface Response {
  readonly watch_id: number;
  readonly header: { readonly revision: number };
  readonly created?: boolean;
  readonly events?: readonly { readonly kv: { readonly mod_revision: number; readonly value: Uint8Array } }[];
}

let world: ManualWorld;
let store: MemoryStore;
let stream: WatchStream;
let told: Response[];
let full: boolean;
let drained: (() => void)[];

beforeEach(() => {
  world = manualWorld(1);
  store = openMemoryStore(world);
  [told, full, drained] = [[], false, []];
  stream = openWatchStream(world, store, (revision) => ({ revision }), store.newestRevision, {
    write(response) {
      told.push(response as Response);
      return !full;
    },
    onDrain: (run) => void drained.push(run),
  });
});
afterEach(async () => {
  stream.close();
  await store.close();
});

const create = (key: string, more: Partial<CreateRequest> = {}): void =>
  stream.request({ create_request: { key: Buffer.from(key), range_end: Buffer.alloc(1), start_revision: '0', progress_notify: false, filters: [], prev_kv: false, watch_id: '0', fragment: false, ...more } });
const put = (i: number) => store.commit({ conditions: [], writes: [{ put: `/k/${i}`, value: Buffer.alloc(1024 * 1024) }] });
const seen = (): number[] => told.flatMap((response) => response.events?.map((event) => event.kv.mod_revision) ?? []);

test('a client that does not read stops the watch within the bound, and misses nothing when it reads again', async () => {
  create('/');
  full = true;
  for (let i = 0; i < 60; i++) await put(i);
  const waiting = seen().length;
  expect(waiting).toBeLessThan(20);
  full = false;
  for (const run of drained.splice(0)) run();
  await world.pass(100);
  expect(seen()).toEqual(Array.from({ length: 60 }, (_, i) => i + 2));
});

test('progress is told once all watches of the stream have reached it', async () => {
  for (let i = 0; i < 30; i++) await put(i);
  create('/', { start_revision: '1' });
  create('/none');
  stream.request({ progress_request: {} });
  expect(told.some((response) => response.watch_id === -1)).toBe(false);
  await world.pass(100);
  expect(seen().length).toBe(30);
  const at = told.findIndex((response) => response.watch_id === -1);
  expect(told[at]?.header.revision).toBe(31);
  expect(told.slice(at).some((response) => response.events !== undefined)).toBe(false);
});

test('large events come in fragments when asked', async () => {
  create('/', { fragment: true, start_revision: '1' });
  await store.commit({ conditions: [], writes: [1, 2, 3].map((i) => ({ put: `/f/${i}`, value: Buffer.alloc(1024 * 1024) })) });
  await world.pass(10);
  const parts = told.filter((response) => response.events !== undefined) as (Response & { fragment: boolean })[];
  expect(parts.map((part) => part.fragment)).toEqual([true, false]);
});
