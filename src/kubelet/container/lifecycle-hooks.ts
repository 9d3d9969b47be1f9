// postStart and preStop hooks: exec, httpGet and sleep (tcpSocket is accepted by the API and never run, as
// upstream). A hook that fails throws with the message that the container's status then shows.
import type { Container, LifecycleHandler, Pod } from '#api/core/v1.ts';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { KubeletCore } from '../core.ts';
import { podText } from '../pod.ts';
import { httpRequestOf } from '../probes/prober.ts';

export interface HookTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
}

const httpTimeoutMs = 30_000;

async function execHook(core: KubeletCore, target: HookTarget, command: readonly string[], signal: AbortSignal): Promise<void> {
  const { stdout, stderr, exitCode } = await core.runtime.execSync(target.containerId, command, 0, signal);
  if (exitCode === 0) return;
  const output = Buffer.concat([stdout, stderr]).subarray(0, 4096).toString('utf8');
  throw new Error(`Exec lifecycle hook ([${command.join(' ')}]) for Container "${target.container.name}" in Pod "${podText(target.pod)}" failed - error: command '${command.join(' ')}' exited with ${exitCode}: ${stderr.length > 0 ? Buffer.from(stderr).toString('utf8').trim() : ''}, message: ${JSON.stringify(output)}`);
}

async function httpHook(core: KubeletCore, target: HookTarget, handler: NonNullable<LifecycleHandler['httpGet']>, signal: AbortSignal): Promise<void> {
  const minor = core.config.kubeletVersion.split('.')[1] ?? '0';
  const request = httpRequestOf(handler, target.container, target.podIP, 'lifecycle', minor);
  try {
    await core.host.network.http(request, httpTimeoutMs, signal);
  } catch (error) {
    if (request.scheme !== 'https') throw new Error(`HTTP lifecycle hook (${handler.path ?? ''}) for Container "${target.container.name}" in Pod "${podText(target.pod)}" failed - error: ${errorText(error)}`, { cause: error });
    // A hook that says HTTPS of a server that speaks plain HTTP has always worked upstream.
    await core.host.network.http({ ...request, scheme: 'http', headers: request.headers.filter(([name]) => name !== 'authorization') }, httpTimeoutMs, signal);
    core.recorder.event(target.pod, 'Warning', 'LifecycleHTTPFallback', `request to HTTPS lifecycle hook ${request.host}:${request.port} got HTTP response, retry with HTTP succeeded`);
  }
}

/** Runs one hook to its end or until `signal` aborts. */
export async function runHook(core: KubeletCore, target: HookTarget, handler: LifecycleHandler, signal: AbortSignal): Promise<void> {
  if (handler.exec !== undefined) await execHook(core, target, handler.exec.command ?? [], signal);
  else if (handler.httpGet !== undefined) await httpHook(core, target, handler.httpGet, signal);
  else if (handler.sleep !== undefined) await sleep(core.world.clock, handler.sleep.seconds * 1000, signal);
  else throw new Error('Cannot run handler: invalid handler');
}
