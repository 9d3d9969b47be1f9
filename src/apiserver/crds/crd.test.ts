// Custom resources on the stores that are at hand.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore, openMemoryStore } from '#store';
import { testWorld } from '../test-server.case.ts';
import { customResourceSuite } from './crd.case.ts';

customResourceSuite('memory', async () => {
  const store = openMemoryStore(testWorld());
  return { store, close: () => store.close() };
});

customResourceSuite('embedded', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skiff-crds-'));
  const store = await openEmbeddedStore(testWorld(), { directory });
  return {
    store,
    async close() {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});
