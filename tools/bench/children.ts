// Child processes of the bench that answer one question at a time over IPC, and what the kernel says of a process.
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Helper {
  readonly process: ChildProcess;
  /** Sends a message (or none) and returns the next answer; rejects when the child fails or dies. */
  ask<T>(message?: unknown): Promise<T>;
  stop(): void;
  /** Lets it exit by itself, for at most 5 s. */
  end(): Promise<void>;
}

/** Starts tools/bench/<script>. */
export function startHelper(script: string, args: readonly string[] = [], execArgv: readonly string[] = []): Helper {
  const child = fork(join(import.meta.dirname, script), [...args], { execArgv: ['--disable-warning=ExperimentalWarning', ...execArgv], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return { process: child, ask: <T>(message?: unknown) => askChild<T>(child, message), stop: () => void child.kill('SIGKILL'), end: () => endChild(child) };
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.disconnect();
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(force);
}

export function askChild<T>(child: ChildProcess, message?: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const release = (): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    const onMessage = (answer: unknown): void => {
      release();
      const { error, value } = answer as { error?: string; value?: T };
      if (error !== undefined) reject(new Error(error));
      else resolve(value === undefined ? (answer as T) : value);
    };
    const onExit = (code: number | null): void => {
      release();
      reject(new Error(`a child process ended with ${String(code)}`));
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
    if (message !== undefined) child.send(message as object);
  });
}

/** Resident memory in MB (10^6 bytes). */
export function residentMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return (Number(line?.[1] ?? 0) * 1024) / 1e6;
}

/** Processor time that a process has used so far, all its threads, in milliseconds (the kernel counts in hundredths). */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
