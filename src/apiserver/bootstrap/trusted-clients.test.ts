// What extension API servers are told about whom to believe, from start to start of servers with different authorities.
import { expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { openMemoryStore } from '#store';
import { createCa } from '#wire';
import { startTestServer, testWorld } from '../test-server.case.ts';
import { publishTrustedClients, type TrustedClients } from './trusted-clients.ts';

const hour = 3_600_000;
const authority = (commonName: string, ageMs = hour): string => createCa(systemRandom, { commonName, notBeforeMs: systemClock.now() - ageMs, notAfterMs: systemClock.now() - ageMs + 2 * hour }).cert;
const header = (allowedNames: string[], uidHeaders: string[] = []): NonNullable<TrustedClients['requestHeader']> => ({ allowedNames, uidHeaders, usernameHeaders: ['X-Remote-User'], groupHeaders: ['X-Remote-Group'], extraHeaderPrefixes: ['X-Remote-Extra-'] });

test('authorities and names of all servers stay side by side until they run out', async () => {
  const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
  const store = openMemoryStore(testWorld());
  const [one, two, proxy, other] = ['one', 'two', 'proxy', 'other'].map((name) => authority(name)) as [string, string, string, string];
  await using api = await startTestServer(store, { trustedClients: { clientCa: one, requestHeaderCa: proxy, requestHeader: header(['a']) } });
  const data = async (): Promise<Record<string, string>> => (await api.get(path)).body.data;
  const lists = { 'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]', 'requestheader-group-headers': '["X-Remote-Group"]', 'requestheader-username-headers': '["X-Remote-User"]' };
  expect(await data()).toEqual({ ...lists, 'client-ca-file': one, 'requestheader-client-ca-file': proxy, 'requestheader-allowed-names': '["a"]' });
  const publish = (trusted: TrustedClients): Promise<void> => publishTrustedClients(systemClock, api.server.writer, trusted);
  await publish({ clientCa: `${two}${one}`, requestHeaderCa: other, requestHeader: header(['b', 'a'], ['X-Remote-Uid']) });
  const both = { ...lists, 'client-ca-file': one + two, 'requestheader-client-ca-file': proxy + other, 'requestheader-allowed-names': '["a","b"]', 'requestheader-uid-headers': '["X-Remote-Uid"]' };
  expect(await data()).toEqual(both);
  // Who has no front proxy takes nothing away.
  await publish({ clientCa: two });
  expect(await data()).toEqual(both);
  await api.patch(path, 'merge', { data: { 'client-ca-file': authority('old', 5 * hour) + one, 'requestheader-allowed-names': 'no list', else: 'x' } });
  await publish({ clientCa: two, requestHeaderCa: proxy, requestHeader: header(['c']) });
  expect(await data()).toEqual({ ...both, 'requestheader-allowed-names': '["c"]' });
});
