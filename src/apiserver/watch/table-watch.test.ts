// A watch in the form of Tables tells its columns once.
import { expect, test } from 'vitest';
import { openMemoryStore } from '#store';
import { startTestServer, testWorld } from '../test-server.case.ts';

const maps = '/api/v1/namespaces/default/configmaps';

test('only the first event of a watch carries column definitions, of the state, of changes and of bookmarks', async () => {
  await using api = await startTestServer(openMemoryStore(testWorld()));
  for (const name of ['a', 'b']) await api.post(maps, { metadata: { name } });
  const watched = async (query: string, count: number): Promise<unknown[]> => {
    const response = await api.transport.request({ method: 'GET', path: `${maps}?watch=1&${query}`, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } });
    const told: unknown[] = [];
    let text = '';
    for await (const chunk of response.body) {
      text += Buffer.from(chunk).toString();
      const lines = text.split('\n').slice(0, -1);
      if (lines.length < count) continue;
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: { columnDefinitions: unknown[] | null; rows: { cells: unknown[] }[] } };
        told.push([type, object.columnDefinitions?.length ?? null, object.rows[0]?.cells.length]);
      }
      break;
    }
    return told;
  };
  expect(await watched('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true', 3)).toEqual([['ADDED', 3, 3], ['ADDED', null, 3], ['BOOKMARK', null, 3]]);
  const before = (await api.get(maps)).body.metadata.resourceVersion as string;
  for (const name of ['c', 'd']) await api.post(maps, { metadata: { name } });
  const changes = [watched(`resourceVersion=${before}`, 3), watched(`resourceVersion=${before}`, 3)];
  await new Promise<void>((resolve) => setImmediate(resolve));
  await api.post(maps, { metadata: { name: 'e' } });
  for (const one of changes) expect(await one).toEqual([['ADDED', 3, 3], ['ADDED', null, 3], ['ADDED', null, 3]]);
});
