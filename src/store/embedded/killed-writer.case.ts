// The program that the kill test kills: sixteen writers on an embedded store, each printing a line for
// every write that was acknowledged, for ever.
import { writeSync } from 'node:fs';
import { argv } from 'node:process';
import { silentLog } from '#base/log.ts';
import { realWorld } from '#base/world.ts';
import { openEmbeddedStore } from './embedded-store.ts';

const [directory = '', life = ''] = argv.slice(2);
const store = await openEmbeddedStore({ ...realWorld('writer'), log: silentLog }, { directory });
writeSync(1, `open ${(await store.status()).revision}\n`);
await Promise.all(Array.from({ length: 16 }, async (_, writer) => {
  for (let i = 0; ; i++) {
    const id = `${life}-${writer}-${i}`;
    // Overwrites one key and creates two, so that history, index and both halves of a transaction are seen.
    const { revision } = await store.commit({
      conditions: [{ key: `/a/${id}`, modRevision: 0 }],
      writes: [{ put: `/a/${id}`, value: Buffer.from(id) }, { put: `/b/${id}`, value: Buffer.alloc(i % 5_000, 'b') }, { put: `/hot/${writer}`, value: Buffer.from(id) }],
    });
    writeSync(1, `${id} ${revision}\n`);
  }
}));
