// exec, attach, run and port-forward: the client's streams joined with the runtime's, over whichever
// protocol the client speaks (wire settles that).
import type { Duplex, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream';
import { errorText } from '#base/errors.ts';
import { type Exchange, acceptPortForward, acceptRemoteCommand, type RemoteCommand } from '#wire';
import type { ContainerStreams } from '#runtime';
import type { KubeletCore } from '../core.ts';
import { findContainer } from '../pod.ts';
import type { PodSet } from '../pods/pod-set.ts';
import { HttpError } from './answers.ts';
import { findPod, runningContainer } from './targets.ts';

export interface StreamNames {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string | undefined;
  readonly container: string;
}

const isOn = (query: URLSearchParams, name: string): boolean => ['1', 'true'].includes(query.get(name) ?? '');

interface Wanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

function wantedStreams(query: URLSearchParams): Wanted {
  const tty = isOn(query, 'tty');
  const wanted = { stdin: isOn(query, 'input') || isOn(query, 'stdin'), stdout: isOn(query, 'output') || isOn(query, 'stdout'), stderr: !tty && (isOn(query, 'error') || isOn(query, 'stderr')), tty };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr) throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr');
  return wanted;
}

async function copyOut(from: AsyncIterable<Uint8Array>, to: Writable | undefined): Promise<void> {
  for await (const chunk of from) {
    if (to === undefined || to.destroyed) continue;
    if (!to.write(chunk)) await new Promise<void>((resolve) => to.once('drain', resolve).once('close', resolve).once('error', () => resolve()));
  }
}

function copyIn(from: Readable | undefined, to: NodeJS.WritableStream | undefined): void {
  if (from === undefined || to === undefined) return;
  from.on('data', (chunk: Uint8Array) => {
    if (!to.write(chunk)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  });
  from.on('end', () => to.end());
  from.on('error', () => to.end());
  to.on('error', () => from.resume());
}

async function followSizes(command: RemoteCommand, streams: ContainerStreams): Promise<void> {
  for await (const { width, height } of command.resizes) streams.resize(width, height);
}

/** The Status that tells kubectl how the command ended. */
function exitStatus(exitCode: number): Parameters<RemoteCommand['finish']>[0] {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {}, status: 'Failure', reason: 'NonZeroExitCode', message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

async function join(command: RemoteCommand, streams: ContainerStreams): Promise<void> {
  copyIn(command.stdin, streams.stdin);
  command.signal.addEventListener('abort', () => streams.close(), { once: true });
  void followSizes(command, streams).catch(() => {});
  try {
    await Promise.all([copyOut(streams.stdout, command.stdout), copyOut(streams.stderr, command.stderr)]);
    await command.finish(exitStatus(await streams.exited));
  } catch (error) {
    await command.finish({ metadata: {}, status: 'Failure', reason: 'InternalError', code: 500, message: `error executing command in container: ${errorText(error)}`, details: { causes: [{ message: errorText(error) }] } });
  } finally {
    streams.close();
  }
}

export async function serveExec(core: KubeletCore, pods: PodSet, exchange: Exchange, names: StreamNames, query: URLSearchParams): Promise<void> {
  const wanted = wantedStreams(query);
  const command = query.getAll('command');
  const id = runningContainer(await findPod(core, pods, names.namespace, names.pod, names.uid), names.container);
  const remote = await acceptRemoteCommand(exchange, { ...wanted, clock: core.world.clock });
  if (remote === undefined) return;
  try {
    await join(remote, await core.runtime.exec(id, command, wanted));
  } catch (error) {
    await remote.finish({ metadata: {}, status: 'Failure', reason: 'InternalError', code: 500, message: `error executing command in container: ${errorText(error)}` });
  }
}

export async function serveAttach(core: KubeletCore, pods: PodSet, exchange: Exchange, names: StreamNames, query: URLSearchParams): Promise<void> {
  const target = await findPod(core, pods, names.namespace, names.pod, names.uid);
  const id = runningContainer(target, names.container);
  const asked = wantedStreams(query);
  // The container's own terminal decides, as the runtime attaches to what is there.
  const tty = findContainer(target.pod, names.container)?.tty === true;
  const wanted = { ...asked, tty, stderr: asked.stderr && !tty };
  const remote = await acceptRemoteCommand(exchange, { ...wanted, clock: core.world.clock });
  if (remote === undefined) return;
  try {
    await join(remote, await core.runtime.attach(id, wanted));
  } catch (error) {
    await remote.finish({ metadata: {}, status: 'Failure', reason: 'InternalError', code: 500, message: `error attaching to container: ${errorText(error)}` });
  }
}

export async function serveRun(core: KubeletCore, pods: PodSet, names: StreamNames, query: URLSearchParams): Promise<Uint8Array> {
  const id = runningContainer(await findPod(core, pods, names.namespace, names.pod, names.uid), names.container);
  const { stdout, stderr, exitCode } = await core.runtime.execSync(id, (query.get('cmd') ?? '').split(' '), 0);
  if (exitCode !== 0) throw new HttpError(500, `command '${query.get('cmd') ?? ''}' exited with ${exitCode}: ${Buffer.from(stderr).toString('utf8')}`);
  return Buffer.concat([stdout, stderr]);
}

function joinDuplex(a: Duplex, b: Duplex): Promise<void> {
  const copy = (from: Duplex, to: Duplex): Promise<void> => new Promise((resolve) => pipeline(from, to, () => resolve()));
  return Promise.all([copy(a, b), copy(b, a)]).then(() => {});
}

export async function servePortForward(core: KubeletCore, pods: PodSet, exchange: Exchange, names: Omit<StreamNames, 'container'>, query: URLSearchParams): Promise<void> {
  const { observed } = await findPod(core, pods, names.namespace, names.pod, names.uid);
  const sandbox = observed.sandboxes.find(({ ready }) => ready);
  if (sandbox === undefined) throw new HttpError(500, `failed to find sandboxID for pod ${names.pod}_${names.namespace}`);
  await acceptPortForward(exchange, {
    ports: query.getAll('port').map(Number),
    clock: core.world.clock,
    onConnection: async (port, connection) => {
      const inside = await core.runtime.portForward(sandbox.id, port).catch((error: unknown) => {
        throw new Error(`error forwarding port ${port} to pod ${names.pod}_${names.namespace}, uid ${observed.uid}: ${errorText(error)}`, { cause: error });
      });
      await joinDuplex(connection, inside);
    },
  });
}
