// What stops `up` before it touches anything, and whether the message names the next step.
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { osParts } from './os-parts.ts';
import { requireFreePort, requireStore } from './preflight.ts';
import { UserError } from './user-error.ts';

test('a taken port is named with the way to find its owner', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const error = await requireFreePort('127.0.0.1', port, 'API server').catch((e: unknown) => e);
  await new Promise((resolve) => other.close(resolve));
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toBe(`port ${port} (API server) is taken by another program`);
  expect((error as UserError).next).toContain(`sport = :${port}`);
  await requireFreePort('127.0.0.1', port, 'API server');
});

test('every OS part says which package brings it and why', () => {
  for (const part of osParts) {
    expect(part.debianPackage).toMatch(/^[a-z0-9][a-z0-9.+-]+$/);
    expect(part.why.length).toBeGreaterThan(5);
    expect(part.paths.every((path) => path.startsWith('/'))).toBe(true);
  }
});

test('a store that is none, or that nobody answers at, is refused before anything is written', async () => {
  await requireStore('embedded');
  await expect(requireStore('nonsense')).rejects.toThrow('--store nonsense is no store');
  await expect(requireStore('etcd://hostonly')).rejects.toThrow('is no store');
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await requireStore(`etcd://127.0.0.1:${port}`);
  await new Promise((resolve) => other.close(resolve));
  await expect(requireStore(`etcd://127.0.0.1:${port}`)).rejects.toThrow('nobody answers there');
});
