// Processes seen through /proc: find ours by command line, wait for them to end, signal them. Numbers are
// reused, so callers check what a process is before they signal it.
import { readdir, readFile } from 'node:fs/promises';
import { sleep, type Clock } from '#base/clock.ts';

/** The argument vector; undefined when the process is gone. Empty for kernel threads and zombies. */
export async function commandLine(pid: number): Promise<readonly string[] | undefined> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
  } catch {
    return undefined;
  }
}

/** True while the process runs; a zombie counts as ended. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Ids of the processes whose command line satisfies `matches`. */
export async function findProcesses(matches: (args: readonly string[]) => boolean): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    const args = await commandLine(pid);
    if (args !== undefined && args.length > 0 && matches(args)) found.push(pid);
  }
  return found;
}

/** Sends a signal; false when the process is gone. */
export function signalProcess(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 'SIGHUP' | 'SIGSTOP' | 'SIGCONT'): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Waits until the process has ended; false when it still runs after `timeoutMs`. */
export async function waitForExit(clock: Clock, pid: number, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  const deadline = clock.monotonic() + timeoutMs;
  while (await isAlive(pid)) {
    if (clock.monotonic() >= deadline) return false;
    await sleep(clock, 10, signal);
  }
  return true;
}

/** SIGTERM, then SIGKILL after `graceMs`. Resolves when it has ended. */
export async function endProcess(clock: Clock, pid: number, graceMs: number, signal?: AbortSignal): Promise<void> {
  if (signalProcess(pid, 'SIGTERM') && (await waitForExit(clock, pid, graceMs, signal))) return;
  signalProcess(pid, 'SIGKILL');
  if (!(await waitForExit(clock, pid, 10_000, signal))) throw new Error(`process ${pid} does not end after SIGKILL`);
}
