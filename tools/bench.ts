// `npm run bench`: the API rows of DESIGN.md's budget, on this machine, in one run. The API server is the real program
// with its embedded store; load comes from another process; the limit is a bare node:http2 server that answers
// the same bytes, so that the share holds on any machine. `--help` tells the flags.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { programEntry, residentOf, serverFiles, startApiServer, type MeasuredServer } from './bench/api-server.ts';
import { pause, startHelper, type Helper } from './bench/children.ts';
import { measureRequests, measureWatch, measureWritesAlone, startLoad, type Scale } from './bench/request-measures.ts';
import { measureScheduling } from './bench/scheduling-measure.ts';
import { measureStarts } from './bench/start-measure.ts';
import { renderTable, type Row } from './bench/table.ts';
import { startUpstream } from './bench/upstream-server.ts';

const usage = `npm run bench -- [--quick] [--only requests|writes|watch|start|scheduling] [--profile folder] [--upstream binary]

  --quick           short runs, 20 s in all instead of some minutes
  --only part       a part alone: requests, writes, watch, scheduling, or the start of the server
  --profile folder  keeps a CPU profile of the API server there
  --upstream binary measures this kube-apiserver, on the etcd in PATH, instead of Skiff
`;
const parts = ['requests', 'writes', 'watch', 'start', 'scheduling'];

const flags = process.argv.slice(2);
const quick = flags.includes('--quick');
const flag = (name: string): string | undefined => (flags.includes(name) ? flags[flags.indexOf(name) + 1] : undefined);
const only = flag('--only');
const profile = flag('--profile');
const upstream = flag('--upstream');
const scale: Scale = quick ? { pods: 10_000, durationMs: 1_000, watchWrites: 300 } : { pods: 10_000, durationMs: 4_000, watchWrites: 2_000 };
const wants = (part: string): boolean => only === undefined || only === part;

const rows: Row[] = [];
const report = (row: Row): void => {
  rows.push(row);
  console.error(`${row.measure}: ${row.value.toFixed(1)} ${row.unit}`);
};

async function startMeasured(): Promise<MeasuredServer> {
  if (upstream === undefined) return startApiServer(profile);
  const server = await startUpstream(upstream);
  report({ measure: 'API server ready, from exec', value: server.readyMs, unit: 'ms', note: 'an empty store that runs' });
  return server;
}

async function measureServer(load: Helper): Promise<void> {
  const server = await startMeasured();
  const directory = mkdtempSync(join(tmpdir(), 'skiff-bench-bare-'));
  let bare: Helper | undefined;
  try {
    await pause(2_000);
    report({ measure: 'RSS idle: API server + store', value: residentOf(server), unit: 'MB', budget: { atMost: 90 } });
    const files = serverFiles(server.config);
    writeFileSync(join(directory, 'server.crt'), files.cert);
    writeFileSync(join(directory, 'server.key'), files.key);
    writeFileSync(join(directory, 'ca.crt'), files.ca);
    bare = startHelper('bare-server.ts', [directory]);
    const { port } = await bare.ask<{ port: number }>();
    if (upstream === undefined) await server.stalls();
    const bench = { server, load, bare: { port, directory, served: 0 }, scale, report };
    if (wants('requests')) await measureRequests(bench);
    if (only === 'writes') await measureWritesAlone(bench);
    if (wants('watch')) await measureWatch(bench);
    if (upstream !== undefined) return;
    const stalls = await server.stalls();
    report({ measure: 'event-loop stall of the API server, p99', value: stalls.p99Ms, unit: 'ms', budget: { atMost: 50 }, note: `longest ${stalls.maxMs.toFixed(0)} ms` });
  } finally {
    bare?.stop();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

if (flags.includes('--help') || (only !== undefined && !parts.includes(only))) {
  console.log(usage);
  process.exit(flags.includes('--help') ? 0 : 1);
}
const load = startLoad();
const entry = upstream ?? programEntry();
console.error(`measuring ${relative(process.cwd(), entry)}${entry.endsWith('.ts') ? ': dist/ is missing or older than the sources; what an installation starts is measured after npm run build' : ''}`);
try {
  if (upstream === undefined && wants('start')) await measureStarts(quick ? 3 : 5, report);
  if (only !== 'scheduling') await measureServer(load);
  if (upstream === undefined && wants('scheduling')) await measureScheduling(load, { nodes: quick ? 1_000 : 5_000, pods: quick ? 2_000 : 10_000, profile }, report);
} finally {
  load.stop();
  if (rows.length > 0) console.log(`\n${renderTable(rows)}`);
}
