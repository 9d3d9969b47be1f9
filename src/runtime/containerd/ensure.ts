// Brings up the containerd that Skiff runs for itself, or takes over the one that runs already. It is
// started detached, in its own session, so that neither our end nor a signal to our group ends it; its
// containers live in shims of their own and survive even its kill -9.
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { every, sleep } from '#base/clock.ts';
import { codeOf, wrap } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { commandLine, endProcess, hasCapability, isAlive, MissingToolError, openCgroups, overlayWorks, run } from '#linux';
import { openGrpc } from '../grpc.ts';
import { containerdConfig } from './config.ts';
import { containerdVersion } from './version.ts';

export interface ContainerdOptions {
  /** A path, or a name to be found in PATH. */
  readonly binaryPath: string;
  /** Images and container metadata: kept over restarts of the machine. */
  readonly root: string;
  /** What lives only as long as the machine runs. Ours alone: teardown deletes it. */
  readonly state: string;
  readonly socket: string;
  readonly configPath: string;
  readonly logPath: string;
  readonly pidPath: string;
  /** The image of the pods' first process; load it before the first pod. */
  readonly sandboxImage: string;
  readonly cniBinDir: string;
  readonly cniConfDir: string;
  readonly cgroupDriver?: 'cgroupfs' | 'systemd';
  /** Detected when not given. */
  readonly snapshotter?: 'overlayfs' | 'native';
  /** Detected when not given: true without CAP_SYS_RESOURCE. */
  readonly restrictOomScoreAdj?: boolean;
  /** Directory of <registry>/hosts.toml. */
  readonly registriesDir?: string;
  readonly runcPath?: string;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
  /** The log is cut to nothing (the old text kept beside as .1) beyond this; default 8 MiB. */
  readonly maxLogBytes?: number;
  /** A cgroup to start it in, so that it outlives a login session; none when not given. */
  readonly cgroup?: string;
  /** Environment of the daemon: proxies (HTTPS_PROXY) and PATH. */
  readonly env?: Readonly<Record<string, string>>;
  readonly readyTimeoutMs?: number;
}

export interface RunningContainerd {
  readonly socket: string;
  readonly pid: number;
  readonly version: string;
  /** True when it ran already. */
  readonly adopted: boolean;
  /** Stops looking after the log; containerd goes on. */
  close(): void;
}

/** The id in the pid file, if that process is really the containerd of this configuration. */
export async function runningPid(options: Pick<ContainerdOptions, 'pidPath' | 'configPath'>): Promise<number | undefined> {
  const pid = Number((await readFile(options.pidPath, 'utf8').catch(() => '')).trim());
  if (!Number.isInteger(pid) || pid <= 1 || !(await isAlive(pid))) return undefined;
  return (await commandLine(pid))?.includes(options.configPath) === true ? pid : undefined;
}

async function answers(world: World, socket: string, signal: AbortSignal | undefined): Promise<boolean> {
  const cri = openGrpc(world.clock, socket, 'cri', 'runtime.v1.RuntimeService');
  try {
    await cri.call('Version', {}, { timeoutMs: 2_000, signal });
    return true;
  } catch {
    return false;
  } finally {
    cri.close();
  }
}

async function logTail(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-8).join('\n');
}

/** Starts the daemon; resolves to its id once it is spawned. */
function launch(options: ContainerdOptions): Promise<number> {
  const log = openSync(options.logPath, 'a');
  return new Promise<number>((resolve, reject) => {
    const child = spawn(options.binaryPath, ['--config', options.configPath], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      ...(options.env === undefined ? {} : { env: { ...options.env } }),
    });
    child.once('error', (error) => reject(codeOf(error) === 'ENOENT' ? new MissingToolError(options.binaryPath) : error));
    child.once('spawn', () => {
      child.unref();
      resolve(child.pid ?? 0);
    });
  }).finally(() => closeSync(log));
}

async function start(world: World, options: ContainerdOptions, signal: AbortSignal | undefined): Promise<number> {
  await rm(options.socket, { force: true });
  const pid = await launch(options);
  await writeFile(`${options.pidPath}.new`, `${pid}\n`);
  await rename(`${options.pidPath}.new`, options.pidPath);
  if (options.cgroup !== undefined) {
    const cgroups = await openCgroups(world.clock);
    await cgroups.create(options.cgroup);
    await cgroups.join(options.cgroup, pid);
  }
  const deadline = world.clock.monotonic() + (options.readyTimeoutMs ?? 30_000);
  while (!(await answers(world, options.socket, signal))) {
    if (!(await isAlive(pid))) throw new Error(`containerd ended at once; the end of ${options.logPath}:\n${await logTail(options.logPath)}`);
    if (world.clock.monotonic() > deadline) {
      await endProcess(world.clock, pid, 2_000);
      throw new Error(`containerd does not answer at ${options.socket}; the end of ${options.logPath}:\n${await logTail(options.logPath)}`);
    }
    await sleep(world.clock, 20, signal);
  }
  return pid;
}

/** Cuts the log in place: containerd writes with O_APPEND, so it goes on at the new end. */
async function boundLog(path: string, maxBytes: number): Promise<void> {
  const size = (await stat(path).catch(() => undefined))?.size ?? 0;
  if (size <= maxBytes) return;
  const copied = await run('cp', ['--', path, `${path}.1`]);
  if (copied.code === 0) await truncate(path, 0);
}

/**
 * Ensures that containerd runs with these options and answers. One that runs already is adopted; if its
 * configuration differs it is restarted, which no container notices.
 */
export async function ensureContainerd(world: World, options: ContainerdOptions, signal?: AbortSignal): Promise<RunningContainerd> {
  const version = await containerdVersion(options.binaryPath, signal);
  const directories = [options.root, options.state, ...[options.socket, options.configPath, options.logPath, options.pidPath].map((path) => dirname(path)), options.cniConfDir];
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o711 });
  const before = await readFile(options.configPath, 'utf8').catch(() => '');
  const known = /snapshotter = "(overlayfs|native)"/.exec(before)?.[1];
  const probed = async (): Promise<'overlayfs' | 'native'> => ((await overlayWorks(join(options.root, 'probe'), signal)) ? 'overlayfs' : 'native');
  const config = containerdConfig(version, {
    ...options,
    // The choice made for this root stays: its images are unpacked for one snapshotter.
    snapshotter: options.snapshotter ?? (known === 'overlayfs' || known === 'native' ? known : await probed()),
    cgroupDriver: options.cgroupDriver ?? 'cgroupfs',
    restrictOomScoreAdj: options.restrictOomScoreAdj ?? !(await hasCapability('CAP_SYS_RESOURCE')),
    registriesDir: options.registriesDir,
    runcPath: options.runcPath,
    logLevel: options.logLevel ?? 'info',
  });
  await rm(join(options.root, 'probe'), { recursive: true, force: true });
  let pid = await runningPid(options);
  const healthy = pid !== undefined && config === before && (await answers(world, options.socket, signal));
  if (!healthy) {
    if (pid !== undefined) await endProcess(world.clock, pid, 10_000, signal);
    await writeFile(options.configPath, config, { mode: 0o600 });
    try {
      pid = await start(world, options, signal);
    } catch (error) {
      throw wrap('start containerd', error);
    }
  }
  const watching = new AbortController();
  const maxLogBytes = options.maxLogBytes ?? 8 * 1024 * 1024;
  const watch = async (): Promise<void> => {
    await sleep(backgroundClock(world), 60_000, watching.signal);
    await every(backgroundClock(world), 60_000, watching.signal, () => boundLog(options.logPath, maxLogBytes));
  };
  await boundLog(options.logPath, maxLogBytes);
  watch().catch((error: unknown) => watching.signal.aborted || world.log.warn('bounding the log of containerd failed', { err: error }));
  return { socket: options.socket, pid: pid ?? 0, version: version.text, adopted: healthy, close: () => watching.abort() };
}

/** The clock with timers that do not keep the process alive. */
function backgroundClock(world: World): World['clock'] {
  return { ...world.clock, after: (delayMs, callback) => world.clock.after(delayMs, callback, { background: true }) };
}

/** Ends containerd; its containers go on. No error when it does not run. */
export async function stopContainerd(world: World, options: Pick<ContainerdOptions, 'pidPath' | 'configPath' | 'socket'>, signal?: AbortSignal): Promise<void> {
  const pid = await runningPid(options);
  if (pid !== undefined) await endProcess(world.clock, pid, 10_000, signal);
  for (const path of [options.pidPath, options.socket, `${options.socket}.ttrpc`, `${options.socket}.debug`]) await rm(path, { force: true });
}
