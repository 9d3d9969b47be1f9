// Starts the chosen controllers: one set of informers for all, a client with its own service account for each,
// and leader election around the whole, so that of many candidates one works.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { createEventRecorder, createInformerFactory, runLeaderElection, type ApiObject, type Client, type Informer } from '#client';
import { defaultConfig, isEnabled, type ControllersConfig } from './config.ts';
import type { Controller } from './context.ts';
import { registry } from './registry.ts';

/**
 * A client that speaks as system:serviceaccount:kube-system:<name>; for 'kube-controller-manager' one that speaks
 * as the program itself (system:kube-controller-manager).
 */
export type ClientFor = (serviceAccountName: string) => Client;

export const programName = 'kube-controller-manager';

export interface RunningControllers {
  /** Ends the work in hand, gives the lease free, and resolves. */
  close(): Promise<void>;
}

/** The controllers that `list` enables, in the registry's order; throws for a name that is none. */
export function chosen(list: readonly string[]): readonly Controller[] {
  for (const entry of list) {
    const name = entry.replace(/^-/, '');
    if (name !== '*' && !registry.some((each) => each.name === name || each.alias === name)) throw new Error(`controllers: no controller "${name}"`);
  }
  return registry.filter((each) => isEnabled(list, each.name, each.alias, each.offByDefault));
}

/** Starts the controllers in the background and returns at once. */
export function startControllers(world: World, clientFor: ClientFor, config: Partial<ControllersConfig> = {}): RunningControllers {
  const full: ControllersConfig = { ...defaultConfig, ...config };
  const controllers = chosen(full.controllers);
  const stop = new AbortController();
  const programClient = clientFor(programName);
  const lead = (signal: AbortSignal): Promise<void> => runAll(world, controllers, clientFor, programClient, full, signal);
  const done = full.leaderElect
    ? runLeaderElection(world, programClient, { lease: programName, namespace: 'kube-system', identity: full.identity }, { onStarted: lead, onStopped() {} }, stop.signal)
    : lead(stop.signal);
  // Errors are told inside; nobody but close waits for this.
  const ended = done.catch((error: unknown) => world.log.error('the controllers ended', { error: errorText(error) }));
  return {
    async close() {
      stop.abort(new Error('the controllers are being closed'));
      await ended;
    },
  };
}

/** Runs until `signal` aborts. */
async function runAll(world: World, controllers: readonly Controller[], clientFor: ClientFor, programClient: Client, config: ControllersConfig, signal: AbortSignal): Promise<void> {
  const factory = createInformerFactory(world, programClient);
  const running = controllers.map((controller) => {
    const log = world.log.with({ controller: controller.name });
    const client = clientFor(controller.serviceAccount);
    const needed: Informer<ApiObject>[] = [];
    const run = controller.setUp({
      world: { ...world, log },
      client,
      programClient,
      recorder: createEventRecorder({ ...world, log }, client, { component: controller.eventSource ?? controller.name }, signal),
      config,
      signal,
      informer<T extends ApiObject>(resource: string, options?: Parameters<typeof factory.informer>[1]) {
        const informer = factory.informer<T>(resource, options);
        // Only its being synced matters here, whatever it holds.
        needed.push(informer as unknown as Informer<ApiObject>);
        return informer;
      },
    });
    return { controller, log, run, ready: Promise.all(needed.map((informer) => informer.synced)) };
  });
  const aborted = new Promise<false>((resolve) => {
    if (signal.aborted) resolve(false);
    else signal.addEventListener('abort', () => resolve(false), { once: true });
  });
  void factory.start(signal).catch(() => undefined);
  await Promise.all(
    running.map(async ({ log, run, ready }) => {
      // Each waits for its own inputs alone: one resource that cannot be read stops only who needs it.
      if ((await Promise.race([ready, aborted])) === false) return;
      log.debug('controller runs');
      await run().catch((error: unknown) => log.error('controller ended', { error: errorText(error) }));
    }),
  );
}
