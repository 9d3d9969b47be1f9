// The program that the kill test kills: sixteen writers on an embedded store, each printing a line for
// every write that was acknowledged, for ever.
import { writeSync } from 'node:fs';
import { argv } from 'node:process';
import { codeOf } from '#base/errors.ts';
import { silentLog } from '#base/log.ts';
import { realWorld } from '#base/world.ts';
import { openEmbeddedStore } from './embedded-store.ts';

const [directory = '', life = ''] = argv.slice(2);

/** The pipe does not block; a reader that is behind is waited for, because a line that is not out is not acknowledged. */
function say(line: string): void {
  for (let rest = Buffer.from(line); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
    }
  }
}

const store = await openEmbeddedStore({ ...realWorld('writer'), log: silentLog }, { directory });
say(`open ${(await store.status()).revision}\n`);
await Promise.all(Array.from({ length: 16 }, async (_, writer) => {
  for (let i = 0; ; i++) {
    const id = `${life}-${writer}-${i}`;
    // Overwrites one key and creates two, so that history, index and both halves of a transaction are seen.
    const { revision } = await store.commit({
      conditions: [{ key: `/a/${id}`, modRevision: 0 }],
      writes: [{ put: `/a/${id}`, value: Buffer.from(id) }, { put: `/b/${id}`, value: Buffer.alloc(i % 5_000, 'b') }, { put: `/hot/${writer}`, value: Buffer.from(id) }],
    });
    say(`${id} ${revision}\n`);
  }
}));
