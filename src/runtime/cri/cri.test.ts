// The runtime on real containers: a pod of our own images on our own containerd and bridge.
import { connect } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureContainerd } from '../containerd/ensure.ts';
import type { RuntimeEvent } from '../contract.ts';
import { isRuntimeNotFound } from '../runtime-error.ts';
import { startTestNode, textOf, whyNoContainers, type TestNode } from '../test-node.case.ts';

const why = whyNoContainers();
const output = { stdin: false, tty: false, stdout: true, stderr: true };

describe.skipIf(why !== undefined)(`CRI on containerd${why === undefined ? '' : ` (${why})`}`, { timeout: 15_000 }, () => {
  let node: TestNode;
  let sandbox: string;
  let server: string;
  const events: RuntimeEvent[] = [];
  const stop = new AbortController();

  async function until<T>(what: string, probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
    for (let attempt = 0; attempt < 500; attempt++) {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
      await new Promise((resolve) => node.world.clock.after(20, () => resolve(undefined)));
    }
    throw new Error(`never happened: ${what}`);
  }

  beforeAll(async () => {
    node = await startTestNode();
    node.runtime.events(stop.signal, (event) => events.push(event), () => {});
    sandbox = await node.runtime.runPodSandbox(node.sandboxConfig('web'), '');
    const script = 'echo out; echo err >&2; mkdir /www; echo hello > /www/index.html; exec httpd -f -p 127.0.0.1:8080 -h /www';
    server = await node.runtime.createContainer(sandbox, node.containerConfig('server', ['sh', '-c', `httpd -p 80 -h /etc; ${script}`]), node.sandboxConfig('web'));
    await node.runtime.startContainer(server);
  }, 60_000);

  afterAll(async () => {
    stop.abort();
    await node?.close();
  }, 60_000);

  test('tells what it is and that it is ready', async () => {
    expect((await node.runtime.version()).name).toBe('containerd');
    expect(await node.runtime.status()).toMatchObject({ runtimeReady: true, networkReady: true });
  });

  test('a pod has an address that the host reaches', async () => {
    const { network, state } = await node.runtime.podSandboxStatus(sandbox);
    expect(state).toBe('SANDBOX_READY');
    expect(network.ip.startsWith(node.network.podCidr.replace(/0\/24$/, ''))).toBe(true);
    const answer = await until('an answer over the bridge', () => new Promise<string | undefined>((resolve) => {
      const socket = connect(80, network.ip, () => socket.end('GET /passwd HTTP/1.0\r\n\r\n'));
      socket.on('error', () => resolve(undefined));
      textOf(socket).then(resolve, () => resolve(undefined));
    }));
    expect(answer).toContain('200 OK');
  });

  test('status, list and stats of a running container', async () => {
    const status = await node.runtime.containerStatus(server);
    expect(status).toMatchObject({ state: 'CONTAINER_RUNNING', pod_sandbox_id: sandbox, metadata: { name: 'server', attempt: 0 }, exit_code: 0 });
    expect(status.started_at).toMatch(/^\d{19}$/);
    expect((await node.runtime.listContainers()).map((c) => [c.id, c.state])).toContainEqual([server, 'CONTAINER_RUNNING']);
    const stats = await until('stats', async () => (await node.runtime.listContainerStats()).find((s) => s.id === server && s.memoryWorkingSetBytes > 0));
    expect(stats).toMatchObject({ name: 'server' });
    expect(stats.cpuNanoseconds).toBeGreaterThan(0);
  });

  test('logs are in CRI format', async () => {
    const log = await until('two log lines', async () => {
      const text = await readFile(join(node.directory, 'logs', 'server.log'), 'utf8');
      return text.includes('out') && text.includes('err') ? text : undefined;
    });
    expect(log).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00) stdout F out$/m);
    expect(log).toMatch(/ stderr F err$/m);
  });

  test('execSync gives output and status', async () => {
    const result = await node.runtime.execSync(server, ['sh', '-c', 'echo a; echo b >&2; exit 7'], 10);
    expect([Buffer.from(result.stdout).toString(), Buffer.from(result.stderr).toString(), result.exitCode]).toEqual(['a\n', 'b\n', 7]);
    await expect(node.runtime.execSync(server, ['sleep', '100'], 1)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('exec streams: both outputs, status, and the end of stdin', async () => {
    const plain = await node.runtime.exec(server, ['sh', '-c', 'echo a; echo b >&2; exit 7'], output);
    expect(await Promise.all([textOf(plain.stdout), textOf(plain.stderr), plain.exited])).toEqual(['a\n', 'b\n', 7]);

    const counting = await node.runtime.exec(server, ['wc', '-c'], { ...output, stdin: true });
    const megabytes = Buffer.alloc(3_000_000, 'x');
    counting.stdin?.write(megabytes);
    counting.stdin?.end(megabytes);
    expect([(await textOf(counting.stdout)).trim(), await counting.exited]).toEqual(['6000000', 0]);

    const much = await node.runtime.exec(server, ['sh', '-c', 'dd if=/dev/zero bs=1M count=5 2>/dev/null'], output);
    expect(await textOf(much.stdout)).toHaveLength(5 * 1024 * 1024);
  });

  test('exec with a terminal: size, echo and one stream', async () => {
    const shell = await node.runtime.exec(server, ['sh'], { stdin: true, tty: true, stdout: true, stderr: true });
    shell.resize(101, 41);
    shell.stdin?.write('stty size; echo $TERM; exit 3\n');
    const said = await textOf(shell.stdout);
    expect(said).toMatch(/41 101|24 80|0 0/);
    expect(said).toContain('xterm');
    expect(await shell.exited).toBe(3);
  });

  test('exec: what is not there and what is closed', async () => {
    await expect(node.runtime.exec(server, ['no-such-program'], output)).rejects.toThrow(/no-such-program.*not found/);
    await expect(node.runtime.exec('no-such-container', ['true'], output)).rejects.toSatisfy(isRuntimeNotFound);
    const endless = await node.runtime.exec(server, ['sleep', '1000'], output);
    endless.close();
    expect(await endless.exited).toBe(137);
    const detached = await node.runtime.exec(server, ['sh', '-c', 'sleep 1000 & echo started'], output);
    expect([await textOf(detached.stdout), await detached.exited]).toEqual(['started\n', 0]);
  });

  test('attach: both ways, and the end of stdin ends the container', async () => {
    const config = node.containerConfig('cat', ['sh', '-c', 'echo ready; cat; echo bye >&2'], { stdin: true, stdin_once: true });
    const cat = await node.runtime.createContainer(sandbox, config, node.sandboxConfig('web'));
    await node.runtime.startContainer(cat);
    const attached = await node.runtime.attach(cat, { ...output, stdin: true });
    attached.stdin?.write('one\n');
    attached.stdin?.end('two\n');
    const said = await Promise.all([textOf(attached.stdout), textOf(attached.stderr), attached.exited]);
    expect(said[0]).toMatch(/one\ntwo\n$/);
    expect(said.slice(1)).toEqual(['bye\n', 0]);
    await until('its end', async () => ((await node.runtime.containerStatus(cat)).state === 'CONTAINER_EXITED' ? true : undefined));
    await expect(node.runtime.attach(cat, output)).rejects.toThrow(/not running|CONTAINER_EXITED|running state/i);
  });

  test('attach to a terminal, with its size', async () => {
    const shell = await node.runtime.createContainer(sandbox, node.containerConfig('shell', ['sh'], { stdin: true, tty: true }), node.sandboxConfig('web'));
    await node.runtime.startContainer(shell);
    const attached = await node.runtime.attach(shell, { stdin: true, tty: true, stdout: true, stderr: true });
    attached.resize(99, 33);
    attached.stdin?.write('until [ "$(stty size)" = "33 99" ]; do sleep 0.01; done; stty size; exit\n');
    expect(await textOf(attached.stdout)).toContain('\r\n33 99\r\n');
  });

  test('port-forward reaches what listens on loopback alone, and says when nothing does', async () => {
    const stream = await until('a listener', () => node.runtime.portForward(sandbox, 8080).catch(() => undefined));
    stream.end('GET / HTTP/1.0\r\n\r\n');
    expect(await textOf(stream)).toContain('hello');
    await expect(node.runtime.portForward(sandbox, 81)).rejects.toThrow('dial tcp4 127.0.0.1:81: connect: connection refused');
  });

  test('limits reach the cgroup and can be changed', async () => {
    const limit = async (): Promise<string> => Buffer.from((await node.runtime.execSync(server, ['sh', '-c', 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null'], 5)).stdout).toString().trim();
    expect(await limit()).toBe(String(64 * 1024 * 1024));
    await node.runtime.updateContainerResources(server, { memory_limit_in_bytes: 96 * 1024 * 1024 });
    expect(await limit()).toBe(String(96 * 1024 * 1024));
  });

  test('events tell of a container from start to end, and its status then agrees', async () => {
    const short = await node.runtime.createContainer(sandbox, node.containerConfig('short', ['sh', '-c', 'exit 5']), node.sandboxConfig('web'));
    await node.runtime.startContainer(short);
    await until('the stop event', () => events.some((e) => e.id === short && e.kind === 'stopped') || undefined);
    expect(await node.runtime.containerStatus(short)).toMatchObject({ state: 'CONTAINER_EXITED', exit_code: 5, reason: 'Error' });
    await node.runtime.removeContainer(short);
    await until('the delete event', () => events.some((e) => e.id === short && e.kind === 'deleted') || undefined);
    expect(events.filter((e) => e.id === short).map((e) => e.kind)).toEqual(['created', 'started', 'stopped', 'deleted']);
    await expect(node.runtime.containerStatus(short)).rejects.toSatisfy(isRuntimeNotFound);
  });

  test('images: list, status, absence', async () => {
    expect((await node.runtime.listImages()).flatMap((i) => i.repo_tags)).toContain(node.image);
    const image = await node.runtime.imageStatus(node.image);
    expect(image?.id).toMatch(/^sha256:/);
    expect(Number(image?.size)).toBeGreaterThan(100_000);
    expect(await node.runtime.imageStatus('skiff.test/none:1')).toBeUndefined();
    await node.runtime.removeImage('skiff.test/none:1');
    expect((await node.runtime.imageFsInfo()).mountpoint).toContain(node.directory);
  });

  test('kill -9 of containerd leaves containers running, and a new one adopts them', async () => {
    let gaps = 0;
    const watching = new AbortController();
    const seen: RuntimeEvent[] = [];
    node.runtime.events(watching.signal, (event) => seen.push(event), () => gaps++);
    const before = await node.runtime.containerStatus(server);
    const adopted = await ensureContainerd(node.world, node.options);
    adopted.close();
    expect(adopted).toMatchObject({ adopted: true, pid: node.containerd.pid });

    process.kill(node.containerd.pid, 'SIGKILL');
    await until('UNAVAILABLE', () => node.runtime.version().then(() => undefined, (e: unknown) => e));
    const again = await ensureContainerd(node.world, node.options);
    again.close();
    expect(again.adopted).toBe(false);
    const after = await until('an answer', () => node.runtime.containerStatus(server).catch(() => undefined));
    expect([after.state, after.started_at]).toEqual(['CONTAINER_RUNNING', before.started_at]);
    expect(Buffer.from((await node.runtime.execSync(server, ['echo', 'alive'], 5)).stdout).toString()).toBe('alive\n');
    const ran = await node.runtime.exec(server, ['echo', 'streams'], output);
    expect(await textOf(ran.stdout)).toBe('streams\n');
    await until('the gap notice', () => gaps > 0 || undefined);
    await node.runtime.stopContainer(server, 0);
    await until('the stop event of an adopted container', () => seen.some((e) => e.id === server && e.kind === 'stopped') || undefined);
    watching.abort();
  });
});
