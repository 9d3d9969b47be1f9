// What a controller is and what it is given. A controller declares its inputs and outputs, sets up its event
// handlers, and then runs until its signal aborts; everything it does to the world goes through a client with
// its own service account.
import type { World } from '#base/world.ts';
import type { ApiObject, Client, EventRecorder, Informer, InformerFactory } from '#client';
import type { ControllersConfig } from './config.ts';

export interface ControllerContext {
  readonly world: World;
  /** Speaks as system:serviceaccount:kube-system:<serviceAccount>. */
  readonly client: Client;
  /** The program's own identity, for reading what the service account may not (discovery of everything). */
  readonly programClient: Client;
  readonly recorder: EventRecorder;
  readonly config: ControllersConfig;
  /** Aborts when the controller must stop. */
  readonly signal: AbortSignal;
  /** The shared local copy of a resource. It is synced before the controller runs. */
  informer<T extends ApiObject>(resource: string, options?: Parameters<InformerFactory['informer']>[1]): Informer<T>;
}

/** Runs the controller; resolves when the context's signal has aborted and the work in hand is done. */
export type Run = () => Promise<void>;

export interface Controller {
  /** Upstream's name: "deployment-controller". */
  readonly name: string;
  /** Its name in --controllers lists before Kubernetes 1.28: "deployment". */
  readonly alias: string;
  readonly is: string;
  readonly serviceAccount: string;
  /** '*' does not mean it: it is named, or it does not run. */
  readonly offByDefault?: boolean;
  /** Who its events are from, when that is not its name. */
  readonly eventSource?: string;
  /** Resources it watches ("*" is everything that discovery shows). */
  readonly reads: readonly string[];
  /** Resources it changes. */
  readonly writes: readonly string[];
  /** Registers handlers on informers; nothing is written before the returned function runs. */
  setUp(context: ControllerContext): Run;
}
