// Running kubectl, helm and shell commands from a test, with output kept for the message of a failed expectation.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { expect } from 'vitest';

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; never throws for its exit code. */
export function attempt(command: string, args: readonly string[], options: { input?: string; timeoutMs?: number; env?: NodeJS.ProcessEnv } = {}): Answer {
  const result = spawnSync(command, args, { encoding: 'utf8', input: options.input, timeout: options.timeoutMs ?? 120_000, env: { ...process.env, ...options.env }, maxBuffer: 64 * 1024 * 1024 });
  return { code: result.status ?? -1, stdout: result.stdout, stderr: result.stderr };
}

/** Runs kubectl (arguments split at spaces unless given as a list), expects success, returns stdout. */
export function kubectl(args: string | readonly string[], input?: string): string {
  const list = typeof args === 'string' ? args.split(' ') : args;
  const answer = attempt('kubectl', list, { input });
  expect(answer, `kubectl ${list.join(' ')}`).toMatchObject({ code: 0 });
  return answer.stdout;
}

/** Runs kubectl and expects it to fail; returns stderr. */
export function kubectlFails(args: string | readonly string[], input?: string): string {
  const list = typeof args === 'string' ? args.split(' ') : args;
  const answer = attempt('kubectl', list, { input });
  expect(answer.code, `kubectl ${list.join(' ')} should fail: ${answer.stdout}`).not.toBe(0);
  return answer.stderr;
}

export function kubectlJson(args: string): unknown {
  return JSON.parse(kubectl(`${args} -o json`));
}

export function helm(args: string | readonly string[]): string {
  const list = typeof args === 'string' ? args.split(' ') : args;
  const answer = attempt('helm', list);
  expect(answer, `helm ${list.join(' ')}`).toMatchObject({ code: 0 });
  return answer.stdout;
}

/** A command left running; `until` waits for its output to match. */
export interface Running {
  readonly child: ChildProcess;
  output(): string;
  until(pattern: RegExp, timeoutMs?: number): Promise<string>;
  write(text: string): void;
  stop(): Promise<void>;
}

export function start(command: string, args: readonly string[]): Running {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  const waiters = new Set<() => void>();
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const wake of waiters) wake();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<void>((resolve) => child.on('close', () => {
    for (const wake of waiters) wake();
    resolve();
  }));
  return {
    child,
    output: () => text,
    write: (line) => void child.stdin.write(line),
    until: (pattern, timeoutMs = 30_000) =>
      new Promise((resolve, reject) => {
        const finish = (run: () => void): void => {
          clearTimeout(timer);
          waiters.delete(look);
          run();
        };
        const timer = setTimeout(() => finish(() => reject(new Error(`${command} ${args.join(' ')}: no ${pattern} in: ${text}`))), timeoutMs);
        const look = (): void => {
          if (pattern.test(text)) finish(() => resolve(text));
          else if (child.exitCode !== null) finish(() => reject(new Error(`${command} ${args.join(' ')} ended with ${child.exitCode}: ${text}`)));
        };
        waiters.add(look);
        look();
      }),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The body of a page, '' when it does not answer. */
export async function page(url: string): Promise<string> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } })).text();
  } catch {
    return '';
  }
}

/** Looks until `look` returns something else than undefined. */
export async function eventually<T>(what: string, look: () => T | undefined | Promise<T | undefined>, timeoutMs = 60_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
