// One history per store: concurrent clients over REST while the API server is killed, the line to etcd falls silent or
// breaks, and history is compacted every 100 ms. Afterwards every client's notes must fit one order of all writes.
// The seed is printed; SKIFF_SEED repeats its choices, SKIFF_HISTORY_SECONDS makes a run longer.
import { afterAll, expect, test } from 'vitest';
import { randomInt, seededRandom, systemRandom, type Random } from '../../src/base/random.ts';
import { createEtcdProcess, etcdBinaries } from '../../src/store/etcd-process.case.ts';
import { makeServerHome } from '../robustness/api-server.ts';
import { checkHistory, summary } from './check.ts';
import { prepare, readAll, runReader, runWatcher, runWriter, transportOf } from './clients.ts';
import { openLine, startProgram, type Line, type Program } from './program.ts';
import type { History } from './record.ts';

const seed = Number(process.env['SKIFF_SEED'] ?? randomInt(systemRandom, 2 ** 31));
const runMs = Number(process.env['SKIFF_HISTORY_SECONDS'] ?? 12) * 1000;
afterAll(() => console.log(`seed ${seed}`));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Kills, silences and cuts until the signal; everything is whole again when it returns. */
async function runFaults(random: Random, program: Program, line: Line | undefined, signal: AbortSignal): Promise<string[]> {
  const told: string[] = [];
  while (!signal.aborted) {
    await pause(300 + randomInt(random, 1_500));
    if (line === undefined || randomInt(random, 2) === 0) {
      told.push('kill');
      await program.kill();
      await program.start();
      continue;
    }
    const kind = randomInt(random, 3);
    told.push(['cut', 'silence', 'silence, then cut'][kind] ?? '');
    if (kind > 0) {
      line.silence();
      await pause(200 + randomInt(random, 2_500));
    }
    if (kind !== 1) line.cut();
    line.heal();
  }
  return told;
}

async function runHistory(store: string, line: Line | undefined): Promise<void> {
  const random = seededRandom(seed);
  using home = await makeServerHome({ store, apiServer: { extraArgs: { 'etcd-compaction-interval': '100ms' } } });
  await using program = await startProgram(home);
  await prepare(home);
  const history: History = { writes: [], reads: [], watches: [], last: undefined };
  const stop = new AbortController();
  const workload = { history, home, signal: stop.signal };
  const clients = [
    ...Array.from({ length: 6 }, (_, number) => runWriter(workload, number, seededRandom(seed + number))),
    runReader(workload, seededRandom(seed + 100)),
    runWatcher(workload),
    runWatcher(workload),
  ];
  const faults = new AbortController();
  const told = runFaults(random, program, line, faults.signal);
  await pause(runMs);
  faults.abort();
  const faultsTold = await told;
  await pause(300);
  stop.abort();
  await Promise.all(clients);
  const transport = transportOf(home);
  history.last = await readAll(transport);
  await transport.close();
  console.log(`${store.split(':', 1)[0]}: ${summary(history)}; faults: ${faultsTold.join(', ')}`);
  expect(history.last).toBeDefined();
  expect(checkHistory(history)).toEqual([]);
  // Enough to judge by; how many there are is the machine's business.
  expect(history.writes.filter((write) => write.outcome === 'done').length).toBeGreaterThan(10);
}

test('embedded store: kill -9 and compaction', () => runHistory('embedded', undefined), runMs + 60_000);

const [etcd] = etcdBinaries();
test.skipIf(etcd === undefined)('etcd: kill -9, partitions and compaction', async () => {
  const process = await createEtcdProcess(etcd ?? '');
  await process.start();
  try {
    await using line = await openLine(Number(new URL(process.endpoint).port));
    await runHistory(`etcd://127.0.0.1:${line.port}`, line);
  } finally {
    await process.dispose();
  }
}, runMs + 60_000);
