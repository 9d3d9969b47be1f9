// Looks after the APIServices: registers this server's own, finds out which extension API servers can be asked, and
// learns what those serve. Driven by changes (APIServices, Services, endpoints, definitions), with a look around
// every half minute while there are extension servers, because a network fails without telling.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { isConflict, isNotFound } from '#machinery';
import type { ObjectReader, ObjectWriter } from '../contract.ts';
import { slicesOf, type ServiceResolver } from '../webhooks/index.ts';
import { registration, type ApiServices, type RemoteService, type StoredApiService } from './api-services.ts';
import { checkAvailability, failedCheck } from './availability.ts';
import type { Backends } from './backends.ts';
import { hasAvailability, localAvailability, setAvailability, type Availability } from './conditions.ts';
import { fetchDocuments, staleDocuments, type RemoteDocuments } from './documents.ts';
import type { LocalVersion, Registration } from './registration.ts';

export interface ControllerPorts {
  readonly world: World;
  readonly reader: ObjectReader;
  readonly writer: Pick<ObjectWriter, 'mutate'>;
  readonly services: () => ApiServices;
  readonly backends: Backends;
  readonly resolve: ServiceResolver;
  readonly registration: Registration;
  readonly localVersions: () => readonly LocalVersion[];
}

interface AvailabilityMetrics {
  set(name: string, found: Availability, isNews: boolean): void;
  forget(name: string): void;
}

function createAvailabilityMetrics(world: Pick<World, 'metrics'>): AvailabilityMetrics {
  const gauge = world.metrics.gauge('aggregator_unavailable_apiservice', 'Gauge of APIServices which are marked as unavailable broken down by APIService name.', ['name']);
  const counter = world.metrics.counter('aggregator_unavailable_apiservice_total', 'Counter of APIServices which are marked as unavailable broken down by APIService name and reason.', ['name', 'reason']);
  return {
    set(name, { status, reason }, isNews) {
      gauge.set({ name }, status === 'True' ? 0 : 1);
      if (status !== 'True' && isNews) counter.inc({ name, reason });
    },
    forget: (name) => gauge.remove({ name }),
  };
}

export interface Controller {
  /** By APIService name. */
  readonly documents: ReadonlyMap<string, RemoteDocuments>;
  /** Grows when documents change. */
  readonly revision: number;
  /** Something has changed: look soon. */
  wake(): void;
  /** Registers what this server answers. Rejects when the store does. */
  register(): Promise<void>;
  close(): void;
}

const lookAroundMs = 30_000;
const checkTimeoutMs = 5000;
const firstRetryMs = 100;
/** Changes that come together are looked at together. */
const gatherMs = 20;

interface Worker {
  running: boolean;
  again: boolean;
  retryMs: number;
  /** What the last look was at, and what it found. */
  signature: string;
  found: Availability | undefined;
  timer: { cancel(): void } | undefined;
}

export function createController(ports: ControllerPorts): Controller {
  const { world, services } = ports;
  const stopped = new AbortController();
  const documents = new Map<string, RemoteDocuments>();
  const workers = new Map<string, Worker>();
  const metrics = createAvailabilityMetrics(world);
  let revision = 0;
  let waking: { cancel(): void } | undefined;
  let registering: Promise<void> = Promise.resolve();

  const learn = (name: string, next: RemoteDocuments): void => {
    if (JSON.stringify(documents.get(name)) === JSON.stringify(next)) return;
    documents.set(name, next);
    revision++;
  };
  /** Within the time that a backend has. */
  const limited = async <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const abort = new AbortController();
    const timer = world.clock.after(checkTimeoutMs, () => abort.abort(new Error('context deadline exceeded')));
    try {
      return await work(AbortSignal.any([abort.signal, stopped.signal]));
    } finally {
      timer.cancel();
    }
  };
  const look = async (remote: RemoteService): Promise<boolean> => {
    const late: Availability = { status: 'False', reason: failedCheck, message: `timed out waiting for https://${remote.service}.${remote.namespace}.svc:${remote.port}` };
    const found = await limited((signal) => checkAvailability(ports, remote, signal)).catch(() => late);
    if (stopped.signal.aborted) return true;
    const worker = workers.get(remote.name);
    if (worker !== undefined) worker.found = found;
    metrics.set(remote.name, found, await record(ports, remote.name, found));
    const answers = found.status === 'True' || found.reason === failedCheck;
    const learnt = answers ? await limited((signal) => fetchDocuments(ports.backends, remote, documents.get(remote.name), found.status === 'True', signal)) : undefined;
    learn(remote.name, learnt ?? staleDocuments(remote, documents.get(remote.name)));
    return learnt?.complete === true;
  };
  const kick = (name: string): void => {
    const worker = workers.get(name);
    if (worker === undefined || stopped.signal.aborted) return;
    if (worker.running) {
      worker.again = true;
      return;
    }
    worker.timer?.cancel();
    void work(name, worker);
  };
  const work = async (name: string, worker: Worker): Promise<void> => {
    worker.running = true;
    let well = false;
    try {
      do {
        worker.again = false;
        const remote = remoteNamed(services(), name);
        if (remote === undefined) return;
        well = await look(remote);
      } while (worker.again && !stopped.signal.aborted);
    } catch (error) {
      world.log.warn('availability of an APIService', { name, error: errorText(error) });
    } finally {
      worker.running = false;
    }
    if (stopped.signal.aborted || workers.get(name) !== worker) return;
    worker.retryMs = well ? firstRetryMs : Math.min(lookAroundMs, worker.retryMs * 2);
    worker.timer = world.clock.after(well ? lookAroundMs : worker.retryMs, () => kick(name), { background: true });
  };
  const round = (): void => {
    const { remotes } = services();
    ports.backends.keepOnly(remotes.values());
    const names = new Set<string>();
    for (const remote of remotes.values()) {
      names.add(remote.name);
      const signature = signatureOf(ports.reader, remote);
      const worker = workers.get(remote.name);
      // Somebody may have written over the condition: the next look sets it right.
      if (worker?.signature === signature && (worker.found === undefined || saysSo(ports.reader, remote.name, worker.found))) continue;
      if (worker !== undefined) worker.retryMs = firstRetryMs;
      workers.set(remote.name, worker === undefined ? { running: false, again: false, retryMs: firstRetryMs, signature, found: undefined, timer: undefined } : Object.assign(worker, { signature }));
      if (!documents.has(remote.name)) learn(remote.name, staleDocuments(remote, undefined));
      kick(remote.name);
    }
    for (const [name, worker] of workers) {
      if (names.has(name)) continue;
      worker.timer?.cancel();
      workers.delete(name);
      metrics.forget(name);
      if (documents.delete(name)) revision++;
    }
  };
  const register = (): Promise<void> => {
    registering = registering.catch(() => undefined).then(() => ports.registration.sync(ports.localVersions())).then(() => markLocals(ports));
    return registering;
  };
  return {
    documents,
    get revision() {
      return revision;
    },
    wake() {
      if (waking !== undefined || stopped.signal.aborted) return;
      waking = world.clock.after(gatherMs, () => {
        waking = undefined;
        round();
        register().catch((error: unknown) => world.log.warn('registration of APIServices', { error: errorText(error) }));
      }, { background: true });
    },
    register,
    close() {
      stopped.abort(new Error('the API server is closed'));
      waking?.cancel();
      for (const worker of workers.values()) worker.timer?.cancel();
    },
  };
}

function remoteNamed({ remotes }: ApiServices, name: string): RemoteService | undefined {
  for (const remote of remotes.values()) if (remote.name === name) return remote;
  return undefined;
}

/** Everything that the verdict on a backend depends on, but the backend itself. */
function signatureOf(reader: ObjectReader, remote: RemoteService): string {
  const { available: _available, ...spec } = remote;
  const service = reader.get('', 'services', remote.namespace, remote.service)?.metadata?.resourceVersion ?? '';
  const slices = slicesOf(reader, remote.namespace, remote.service).map((slice) => `${slice.metadata?.name ?? ''}@${slice.metadata?.resourceVersion ?? ''}`);
  return JSON.stringify([spec, service, slices]);
}

function saysSo(reader: ObjectReader, name: string, found: Availability): boolean {
  const current = reader.get(registration.group, registration.plural, '', name) as StoredApiService | undefined;
  return current === undefined || hasAvailability(current, found);
}

/** Writes the verdict; false when it is no news. An APIService that is gone, or just changed, has its next look coming. */
async function record({ reader, writer, world }: Pick<ControllerPorts, 'reader' | 'writer' | 'world'>, name: string, found: Availability): Promise<boolean> {
  const { group, plural } = registration;
  const current = reader.get(group, plural, '', name) as StoredApiService | undefined;
  if (current === undefined || hasAvailability(current, found)) return false;
  try {
    await writer.mutate(group, plural, '', name, (object) => setAvailability(object as StoredApiService, found, world.clock.now()), false, 'status');
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
  return true;
}

/** An APIService that lost its Service is this server's own affair again, and available as such. */
async function markLocals(ports: ControllerPorts): Promise<void> {
  const { group, plural } = registration;
  for (const service of ports.reader.list(group, plural) as readonly StoredApiService[]) {
    if (service.spec?.service === undefined && !hasAvailability(service, localAvailability)) await record(ports, service.metadata?.name ?? '', localAvailability);
  }
}
