// Keeps a program of the cluster running without systemd: a tiny sh loop (under 1 MB) in its own session
// starts it, starts it again when it dies, and passes SIGTERM on. The loop owns one process group's pid
// file, so that `down` and a second `up` find exactly what belongs to this cluster.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep, systemClock } from '#base/clock.ts';
import type { ClusterPaths } from './paths.ts';

const loop = `#!/bin/sh
# Written by skiff up. Usage: supervise NAME PIDFILE COMMAND…
name=$1 pidfile=$2
shift 2
stop=
trap 'stop=1; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null' TERM INT
trap '' HUP
delay=0
while [ -z "$stop" ]; do
  started=$(date +%s)
  "$@" &
  child=$!
  echo "$child" >"$pidfile.child"
  wait "$child"; code=$?
  while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
  [ -n "$stop" ] && break
  if [ $(( $(date +%s) - started )) -ge 30 ]; then delay=0; fi
  echo "supervise: $name ended with code $code; starting it again in $delay s"
  [ "$delay" -gt 0 ] && { sleep "$delay" & wait $!; }
  delay=$(( delay == 0 ? 1 : delay * 2 )); [ "$delay" -gt 10 ] && delay=10
done
rm -f "$pidfile" "$pidfile.child"
`;

export function pidFile(paths: ClusterPaths, name: string): string {
  return join(paths.run, `${name}.pid`);
}

export function logFile(paths: ClusterPaths, name: string): string {
  return join(paths.log, `${name}.log`);
}

function readPid(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8').trim());
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

/** A child of a container's or CI's idle first process may stay a zombie: it is as good as gone. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}

/** The supervisor's pid when `name` is being kept running: the pid file must name a process of ours, not a reused number. */
export function supervisedPid(paths: ClusterPaths, name: string): number | undefined {
  const pid = readPid(pidFile(paths, name));
  if (pid === undefined || !alive(pid)) return undefined;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(paths.run, 'supervise')) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** The pid of the program itself (not of its supervisor). */
export function programPid(paths: ClusterPaths, name: string): number | undefined {
  const pid = readPid(`${pidFile(paths, name)}.child`);
  return pid !== undefined && alive(pid) ? pid : undefined;
}

/** Starts `command` under a supervisor unless it already runs. Output is appended to the program's log file. */
export function startSupervised(paths: ClusterPaths, name: string, command: readonly string[]): void {
  if (supervisedPid(paths, name) !== undefined) return;
  mkdirSync(paths.run, { recursive: true });
  mkdirSync(paths.log, { recursive: true });
  const script = join(paths.run, 'supervise');
  writeFileSync(script, loop, { mode: 0o755 });
  const log = openSync(logFile(paths, name), 'a', 0o640);
  const child = spawn('/bin/sh', [script, name, pidFile(paths, name), ...command], { detached: true, stdio: ['ignore', log, log], cwd: '/' });
  closeSync(log);
  if (child.pid !== undefined) writeFileSync(pidFile(paths, name), `${child.pid}\n`);
  child.unref();
}

/** SIGTERM, then SIGKILL of what is left after `graceMs`. Resolves when supervisor and program are gone. */
export async function stopSupervised(paths: ClusterPaths, name: string, graceMs: number): Promise<void> {
  const supervisor = supervisedPid(paths, name);
  const program = programPid(paths, name);
  const pids = [supervisor, program].filter((pid) => pid !== undefined);
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of pids) {
      try {
        process.kill(pid, name);
      } catch {
        // Gone already.
      }
    }
  };
  if (supervisor !== undefined) process.kill(supervisor, 'SIGTERM');
  const deadline = systemClock.monotonic() + graceMs;
  while (pids.some(alive) && systemClock.monotonic() < deadline) await sleep(systemClock, 20);
  if (pids.some(alive)) signal('SIGKILL');
  while (pids.some(alive)) await sleep(systemClock, 20);
  rmSync(pidFile(paths, name), { force: true });
  rmSync(`${pidFile(paths, name)}.child`, { force: true });
}

/** The last lines of a program's log, for an error message. */
export function logTail(paths: ClusterPaths, name: string, lines = 8): string {
  const file = logFile(paths, name);
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/** The executable of a running pid, '' when unknown. */
export function executableOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}
