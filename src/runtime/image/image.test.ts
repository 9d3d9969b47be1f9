// Images end to end without a runtime: names, reproducible layers, Dockerfiles and their errors, RUN as root.
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '#base/random.ts';
import { goArchitecture, run } from '#linux';
import { buildImage, loadBase } from './build.ts';
import { buildDockerfile } from './dockerfile-build.ts';
import { buildMachineImage } from './machine-image.ts';
import { blobPath, normalizeImageName, readIndex, readJsonBlob, type Manifest } from './oci.ts';
import { pauseBinary } from './pause.ts';
import { resolveInRoot } from './rootfs.ts';

const random = seededRandom(1);
const root = process.getuid?.() === 0;
let directory: string;
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'skiff-image-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

async function put(files: Record<string, string>): Promise<string> {
  const context = join(directory, 'context');
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(context, name)), { recursive: true });
    await writeFile(join(context, name), text);
  }
  return context;
}

const layout = (): string => join(directory, 'layout');

/** "mode owner path" of every entry in every layer, as tar(1) lists them. */
async function listing(name?: string): Promise<string[]> {
  const { manifest } = await loadBase({ layout: layout(), name }, goArchitecture());
  const lists = await Promise.all(manifest.layers.map(async (layer) => (await run('tar', ['-tvf', blobPath(layout(), layer.digest), '--numeric-owner'])).stdout.trim().split('\n')));
  return lists.flat().filter(Boolean).map((line) => line.replace(/\s+/g, ' ').replace(/ \d+ 1970-01-01 00:00 /, ' '));
}

const configOf = async (): Promise<unknown> => (await loadBase({ layout: layout() }, goArchitecture())).document.config;

describe('names', () => {
  test.each([
    ['web', 'docker.io/library/web:latest'],
    ['web:v1', 'docker.io/library/web:v1'],
    ['me/web', 'docker.io/me/web:latest'],
    ['localhost:5000/web:v1', 'localhost:5000/web:v1'],
    ['reg.example/a/b__c', 'reg.example/a/b__c:latest'],
    [`web@sha256:${'a'.repeat(64)}`, `docker.io/library/web@sha256:${'a'.repeat(64)}`],
  ])('%s is %s', (name, full) => expect(normalizeImageName(name)).toBe(full));
  test.each(['', 'Web', 'a//b', '../x', 'a b', 'web:', ':v1', 'a'.repeat(5) + '/../b'])('%j is none', (name) => expect(() => normalizeImageName(name)).toThrow('not an image name'));
});

describe('buildImage', () => {
  test('the same files give the same digest, whatever their times and order', async () => {
    const context = await put({ b: '2', a: '1' });
    const build = async (): Promise<string> => {
      const source = (path: string) => ({ type: 'file' as const, path, source: join(context, path) });
      return (await buildImage(random, { layout: layout(), name: 'x', layers: [[source('b'), source('a')]], config: {} })).digest;
    };
    const first = await build();
    await utimes(join(context, 'a'), 5, 5);
    expect(await build()).toBe(first);
    expect(await listing()).toEqual(['-rw-r--r-- 0/0 a', '-rw-r--r-- 0/0 b']);
    expect((await readIndex(layout())).manifests).toHaveLength(1);
    expect((await readdir(layout())).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });

  test('paths do not leave the image', async () => {
    await expect(buildImage(random, { layout: layout(), name: 'x', layers: [[{ type: 'file', path: '/a/../../etc/x', content: '' }]], config: {} })).rejects.toThrow('".."');
  });

  test('a changed blob is noticed', async () => {
    await buildImage(random, { layout: layout(), name: 'x', layers: [[]], config: {} });
    const digest = (await readIndex(layout())).manifests[0]?.digest ?? '';
    await writeFile(blobPath(layout(), digest), '{}');
    await expect(readJsonBlob<Manifest>(layout(), digest)).rejects.toThrow('does not have the content');
    await expect(readJsonBlob<Manifest>(layout(), 'sha256:../../x')).rejects.toThrow('not a sha256 digest');
  });
});

describe('pause', () => {
  test('is small, ignores SIGCHLD and sleeps', async () => {
    expect(pauseBinary('amd64').length).toBeLessThan(256);
    expect(pauseBinary('arm64').length).toBeLessThan(256);
    expect(() => pauseBinary('z80')).toThrow('no pause program for z80');
    const file = join(directory, 'pause');
    writeFileSync(file, pauseBinary(goArchitecture()));
    chmodSync(file, 0o755);
    const child = spawn(file, { stdio: 'ignore' });
    try {
      let status = '';
      for (let i = 0; i < 1000 && !/^State:\s+S[\s\S]*^SigIgn:\s+0*10000$/m.test(status); i++) status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      expect(status).toMatch(/^SigIgn:\s+0*10000$/m);
      expect(status).toMatch(/^State:\s+S/m);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('Dockerfile', () => {
  test('COPY, configuration, variables, stages and .dockerignore', async () => {
    const context = await put({
      'app/main.js': 'x', 'app/lib/a.js': 'a', 'app/node_modules/big': 'no', 'app/secret.key': 'no', 'package.json': '{}', '.dockerignore': '**/node_modules\n*/*.key\n# note\n',
      Dockerfile: [
        '# a comment', 'ARG BASE=scratch', 'FROM ${BASE} AS files', 'COPY app /src/', '', 'FROM scratch', 'ARG VERSION=1', 'ENV A=one B="two words" \\', '    C=${VERSION:-9}', 'WORKDIR /srv/app',
        'COPY --chown=1000:1001 --chmod=600 *.json ./', 'COPY --from=files /src/lib lib', 'LABEL a.b="c d"', 'EXPOSE 8080 53/udp', 'USER 1000:1001', 'STOPSIGNAL SIGINT', 'ENTRYPOINT ["/bin/node", "main.js"]', 'CMD --port $A',
      ].join('\n'),
    });
    const steps: string[] = [];
    await buildDockerfile(random, { context, name: 'web:v1', layout: layout(), buildArgs: { VERSION: '7' }, onStep: (text) => steps.push(text) });
    expect(steps).toHaveLength(15);
    expect(await configOf()).toEqual({
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=one', 'B=two words', 'C=7'], WorkingDir: '/srv/app', Labels: { 'a.b': 'c d' }, ExposedPorts: { '8080/tcp': {}, '53/udp': {} }, User: '1000:1001', StopSignal: 'SIGINT',
      Entrypoint: ['/bin/node', 'main.js'], Cmd: ['/bin/sh', '-c', '--port $A'],
    });
    expect(await listing()).toEqual([
      'drwxr-xr-x 0/0 srv/', 'drwxr-xr-x 0/0 srv/app/', 'drwxr-xr-x 0/0 srv/', 'drwxr-xr-x 0/0 srv/app/', '-rw------- 1000/1001 srv/app/package.json',
      'drwxr-xr-x 0/0 srv/', 'drwxr-xr-x 0/0 srv/app/', 'drwxr-xr-x 0/0 srv/app/lib/', '-rw-r--r-- 0/0 srv/app/lib/a.js',
    ]);
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY . /all/\n');
    await buildDockerfile(random, { context, name: 'all', layout: layout() });
    const names = (await listing('all')).map((line) => line.split(' ').at(-1));
    expect(names).toContain('all/app/main.js');
    expect(names.filter((name) => /node_modules|secret/.test(name ?? ''))).toEqual([]);
  });

  test.each([
    ['FROM scratch\nFETCH x', 'line 2: unknown instruction: FETCH'],
    ['RUN true', 'line 1: RUN before the first FROM'],
    ['# nothing', 'line 1: the file has no FROM'],
    ['FROM nowhere:1', 'line 1: FROM nowhere:1: neither "scratch"'],
    ['FROM scratch\n\nCOPY missing /', 'line 3: missing is not in the build context'],
    ['FROM scratch\nCOPY *.none /', 'line 2: no file of the context matches *.none'],
    ['FROM scratch\nCOPY ../../etc/passwd /', 'line 2: etc/passwd is not in the build context'],
    ['FROM scratch\nCOPY leads-out /', 'line 2: leads-out leads out of the build context'],
    ['FROM scratch\nADD https://x.test/a /', 'line 2: ADD takes plain local files only: https://x.test/a'],
    ['FROM scratch\nEXPOSE http', 'line 2: invalid port: http/tcp'],
    ['FROM scratch\nCOPY <<EOF /x\nhi\nEOF', 'line 2: here-documents are not supported'],
    ['FROM scratch\nRUN --mount=type=cache,target=/x true', 'line 2: RUN does not know --mount'],
    ['FROM scratch\nENV a', 'line 2: ENV must be name=value'],
  ])('%j is refused with its line', async (text, message) => {
    const context = await put({ Dockerfile: text });
    await symlink('/etc/passwd', join(context, 'leads-out'));
    const error = await buildDockerfile(random, { context, name: 'x', layout: layout() }).catch((e: unknown) => e);
    expect(String(error)).toContain(message);
    expect(existsSync(join(layout(), 'index.json'))).toBe(false);
  });

  test.skipIf(!root || !existsSync('/usr/bin/busybox'))('RUN changes, adds and removes files as a layer', async () => {
    await buildMachineImage(random, { layout: layout(), name: 'base', busyboxPath: '/usr/bin/busybox' });
    const context = await put({
      'in.txt': 'hello\n', Dockerfile: [
        'FROM base', 'COPY in.txt /data/', 'ENV WHO=world', 'WORKDIR /data', 'RUN tr a-z A-Z < in.txt > out.txt && echo "$WHO" >> out.txt && rm in.txt \\', '  && echo app:x:1234:1234::/:/bin/sh >> /etc/passwd && touch /tmp/t && mkdir /empty',
        'USER app', 'RUN id -u > /tmp/who; echo $$ > /tmp/pid', 'FROM scratch', 'COPY --from=0 /data/out.txt /tmp/who /tmp/pid /',
      ].join('\n'),
    });
    await buildDockerfile(random, { context, name: 'built', layout: layout() });
    const { manifest } = await loadBase({ layout: layout(), name: 'built' }, goArchitecture());
    const blob = blobPath(layout(), manifest.layers[0]?.digest ?? '');
    expect((await run('tar', ['-xzOf', blob])).stdout).toBe('HELLO\nworld\n1\n1234\n');
    await writeFile(join(context, 'Dockerfile'), 'FROM base\nCOPY in.txt /data/\nRUN rm /data/in.txt && echo x > /new && ln -s new /link\n');
    await buildDockerfile(random, { context, name: 'removed', layout: layout() });
    expect((await listing('removed')).slice(-4)).toEqual(['drwxr-xr-x 0/0 data/', '-rw-r--r-- 0/0 data/.wh.in.txt', 'lrwxrwxrwx 0/0 link -> new', '-rw-r--r-- 0/0 new']);
    await writeFile(join(context, 'Dockerfile'), 'FROM base\nRUN echo told; exit 4\n');
    await expect(buildDockerfile(random, { context, name: 'bad', layout: layout() })).rejects.toThrow(/line 2: RUN \/bin\/sh -c echo told; exit 4: exit status 4\ntold/);
    const shellless = await put({ Dockerfile: 'FROM scratch\nCOPY busybox /b/busybox\nRUN ["/b/busybox", "--install", "-s", "/b"]\n' });
    await copyFile('/usr/bin/busybox', join(shellless, 'busybox'));
    await buildDockerfile(random, { context: shellless, name: 'shellless', layout: layout() });
    expect(await listing('shellless')).toContain('lrwxrwxrwx 0/0 b/ash -> /b/busybox');
  });
});

test('links in a layer cannot lead out of the root', async () => {
  await mkdir(join(directory, 'r/usr/bin'), { recursive: true });
  await symlink('/usr/bin', join(directory, 'r/bin'));
  await symlink('../../../..', join(directory, 'r/up'));
  await symlink('loop', join(directory, 'r/loop'));
  const r = join(directory, 'r');
  expect(await resolveInRoot(r, '/bin/sh')).toBe(join(r, 'usr/bin/sh'));
  expect(await resolveInRoot(r, 'up/etc/passwd')).toBe(join(r, 'etc/passwd'));
  expect(await resolveInRoot(r, '../../x')).toBe(join(r, 'x'));
  await expect(resolveInRoot(r, 'loop/x')).rejects.toThrow('too many links');
});
