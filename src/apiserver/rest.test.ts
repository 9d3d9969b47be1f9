// The REST suite on the stores that need no other program.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore, openMemoryStore } from '#store';
import { restSuite } from './rest.case.ts';
import { testWorld } from './test-server.case.ts';

restSuite('memory', async () => {
  const store = openMemoryStore(testWorld());
  return { store, close: () => store.close() };
});

restSuite('embedded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skiff-rest-'));
  const store = await openEmbeddedStore(testWorld(), { directory });
  return {
    store,
    async close() {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});
