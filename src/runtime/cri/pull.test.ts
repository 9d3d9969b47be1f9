// Pulls from a real registry (Debian's docker-registry on a free port, plain http), by name and through a
// mirror, and what containerd says of an image that is not there.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configureRegistry } from '../containerd/registries.ts';
import { buildImage, loadBase } from '../image/build.ts';
import { blobPath, readIndex } from '../image/oci.ts';
import { goArchitecture } from '#linux';
import { startTestNode, whyNoContainers, type TestNode } from '../test-node.case.ts';

const binary = '/usr/bin/docker-registry';
const why = whyNoContainers() ?? (existsSync(binary) ? undefined : `missing: ${binary}`);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Uploads the only image of a layout as the distribution API wants it. */
async function push(base: string, repository: string, tag: string, layout: string): Promise<void> {
  const { manifest } = await loadBase({ layout }, goArchitecture());
  for (const blob of [...manifest.layers, manifest.config]) {
    const begun = await fetch(`${base}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location') ?? '', base);
    place.searchParams.set('digest', blob.digest);
    const sent = await fetch(place, { method: 'PUT', body: await readFile(blobPath(layout, blob.digest)), headers: { 'content-type': 'application/octet-stream' } });
    expect(sent.status).toBe(201);
  }
  const descriptor = (await readIndex(layout)).manifests[0];
  const put = await fetch(`${base}/v2/${repository}/manifests/${tag}`, { method: 'PUT', body: await readFile(blobPath(layout, descriptor?.digest ?? '')), headers: { 'content-type': descriptor?.mediaType ?? '' } });
  expect(put.status).toBe(201);
}

describe.skipIf(why !== undefined)(`pulling${why === undefined ? '' : ` (${why})`}`, { timeout: 30_000 }, () => {
  let node: TestNode;
  let registry: ChildProcess;
  let host: string;

  beforeAll(async () => {
    node = await startTestNode();
    host = `127.0.0.1:${await freePort()}`;
    const config = join(node.directory, 'registry.yml');
    await writeFile(config, `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${node.directory}/registry}}\nhttp: {addr: "${host}"}\n`);
    registry = spawn(binary, ['serve', config], { stdio: 'ignore' });
    for (let attempt = 0; attempt < 500; attempt++) {
      if (await fetch(`http://${host}/v2/`).then((r) => r.ok, () => false)) break;
      await new Promise((resolve) => node.world.clock.after(20, () => resolve(undefined)));
    }
    const layout = join(node.directory, 'pushed');
    await buildImage(node.world.random, { layout, name: `${host}/team/tool:v1`, layers: [[{ type: 'file', path: '/hello', content: 'hi' }]], config: { Cmd: ['/hello'] } });
    await push(`http://${host}`, 'team/tool', 'v1', layout);
    await configureRegistry(node.options.registriesDir ?? '', { host: 'skiff-mirrored.test', endpoints: [{ url: `http://${host}` }] });
    await configureRegistry(node.options.registriesDir ?? '', { host, endpoints: [{ url: `http://${host}` }] });
  }, 60_000);

  afterAll(async () => {
    registry?.kill('SIGKILL');
    await node?.close();
  }, 60_000);

  test('by name, and through a mirror', async () => {
    const name = `${host}/team/tool:v1`;
    const id = await node.runtime.pullImage(name, undefined, node.sandboxConfig('x'));
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await node.runtime.imageStatus(name)).toMatchObject({ id, repo_tags: [name] });
    expect(await node.runtime.pullImage('skiff-mirrored.test/team/tool:v1', undefined, node.sandboxConfig('x'))).toBe(id);
    await node.runtime.removeImage(name);
    expect(await node.runtime.imageStatus(name)).toBeUndefined();
  });

  test('what is not there is NOT_FOUND', async () => {
    const error = await node.runtime.pullImage(`${host}/team/none:v1`, undefined, node.sandboxConfig('x')).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'NOT_FOUND' });
    expect(String(error)).toContain('team/none:v1: not found');
  });

  test('a registry host cannot name a path', async () => {
    await expect(configureRegistry('/nowhere', { host: '../x', endpoints: [] })).rejects.toThrow('not a registry host');
  });
});
