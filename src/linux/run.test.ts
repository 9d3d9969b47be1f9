// Commands: output, status, bounds, and the errors that people see.
import { describe, expect, test } from 'vitest';
import { CommandError, MissingToolError, run, runChecked } from './run.ts';

describe('run', () => {
  test('gives output, error output and status', async () => {
    expect(await run('sh', ['-c', 'cat; echo oops >&2; exit 3'], { input: 'in' })).toEqual({ stdout: 'in', stderr: 'oops\n', code: 3 });
    expect((await run('sh', ['-c', 'kill -9 $$'])).code).toBe(137);
  });

  test('keeps no more output than asked', async () => {
    expect((await run('sh', ['-c', 'yes | head -c 100000'], { maxOutputBytes: 10 })).stdout).toHaveLength(10);
  });

  test('names the package of a missing tool', async () => {
    const error = await run('/nowhere/nft', []).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(MissingToolError);
    expect(String(error)).toContain('apt-get install nftables');
  });

  test('ends with the signal and with the timeout', async () => {
    const abort = new AbortController();
    const running = run('sleep', ['60'], { signal: abort.signal });
    abort.abort();
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await expect(run('sleep', ['60'], { timeoutMs: 20 })).rejects.toThrow('no end within 20 ms');
  });

  test('runChecked tells what the command said', async () => {
    const error = await runChecked('sh', ['-c', 'echo bad luck >&2; exit 1']).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CommandError);
    expect(String(error)).toContain('exit status 1: bad luck');
  });
});
