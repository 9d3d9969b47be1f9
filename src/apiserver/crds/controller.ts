// Follows the definitions in the watch cache: writes their status, serves their versions, and deletes their objects
// before a definition goes. All of it runs in the API server, one definition at a time and each definition on its own;
// what fails is tried again with growing pauses.
import type { CustomResourceDefinition } from '#api/apiextensions/v1.ts';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { isConflict, isNotFound, jsonEqual, turn } from '#machinery';
import type { ResourceCache } from '../cache/resource-cache.ts';
import type { WatchCache } from '../cache/watch-cache.ts';
import type { ObjectReader, ObjectWriter } from '../contract.ts';
import { heavyBytes } from '../registry/pace.ts';
import type { ResourceTable, ServedResource } from '../registry/resources.ts';
import type { WatchHubs } from '../watch/watch-hubs.ts';
import { conversionOf, type Conversion } from './conversion.ts';
import { createRuleTimes, type RuleTimes } from './custom-rules.ts';
import { cleanupFinalizer, definitionGroup, definitionPlural, isTerminating, isTrue, nameOf, setCondition, type Condition } from './definition.ts';
import { statusChange } from './lifecycle.ts';
import { planDefinition, serveDefinition, type VersionCaches } from './served-versions.ts';
import type { Remover } from '../writer.ts';

const firstRetryMs = 100;
const longestRetryMs = 30_000;
/** How long a deletion waits for the last object before it says that it waits. */
const patienceMs = 60_000;

export interface CustomResourceParts {
  readonly world: World;
  readonly cache: WatchCache;
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly resources: ResourceTable;
  readonly hubs: WatchHubs;
  /** How a definition with strategy Webhook converts; absent: not at all. */
  readonly webhookConversion?: (definition: CustomResourceDefinition) => Conversion;
  readonly remove: Remover;
  readonly signal: AbortSignal;
}

type ServingParts = CustomResourceParts & { readonly ruleTimes: RuleTimes };

export interface CustomResources {
  /** Serves what is established; from then on follows every change. */
  start(): Promise<void>;
}

interface Serving {
  readonly definition: CustomResourceDefinition;
  readonly base: ResourceCache;
  readonly caches: VersionCaches;
  readonly stored: ServedResource;
}

interface Work {
  running: boolean;
  again: boolean;
}

export function createCustomResources(given: CustomResourceParts): CustomResources {
  const parts: ServingParts = { ...given, ruleTimes: createRuleTimes(given.world) };
  const { world, reader, signal } = parts;
  const serving = new Map<string, Serving>();
  const work = new Map<string, Work>();
  const all = (): CustomResourceDefinition[] => reader.list(definitionGroup, definitionPlural).map((object) => object as unknown as CustomResourceDefinition);
  const find = (name: string): CustomResourceDefinition | undefined => reader.get(definitionGroup, definitionPlural, '', name) as unknown as CustomResourceDefinition | undefined;

  const sync = async (name: string): Promise<void> => {
    const definition = find(name);
    if (definition === undefined) {
      stopServing(parts, serving, name);
      for (const other of all()) if (groupOfName(name) === other.spec.group) queue(nameOf(other));
      return;
    }
    const isLarge = (parts.cache.resource(definitionGroup, definitionPlural)?.get(name)?.bytes.length ?? 0) > heavyBytes;
    if (isLarge) await turn();
    const change = statusChange(definition, all());
    if (change !== undefined) {
      await changeStatus(parts, name, (target) => change(target, world.clock.now()));
      for (const other of all()) if (other.spec.group === definition.spec.group && nameOf(other) !== name) queue(nameOf(other));
      return;
    }
    if (isLarge) await turn();
    await serve(parts, serving, definition);
    if (definition.metadata?.deletionTimestamp !== undefined && (definition.metadata.finalizers ?? []).includes(cleanupFinalizer)) await finish(parts, definition, serving.get(name));
  };
  const run = async (name: string, state: Work): Promise<void> => {
    let pauseMs = firstRetryMs;
    while (!signal.aborted) {
      state.again = false;
      try {
        await sync(name);
        if (!state.again) break;
        pauseMs = firstRetryMs;
      } catch (error) {
        if (signal.aborted) break;
        if (!isConflict(error) && !isNotFound(error)) world.log.warn('custom resource definition not settled', { name, error: errorText(error) });
        await sleep(world.clock, pauseMs, signal).catch(() => undefined);
        pauseMs = Math.min(2 * pauseMs, longestRetryMs);
      }
    }
    work.delete(name);
  };
  const queue = (name: string): void => {
    const known = work.get(name);
    if (known !== undefined) {
      known.again = true;
      return;
    }
    const state = { running: true, again: false };
    work.set(name, state);
    void run(name, state);
  };
  return {
    async start() {
      const cache = parts.cache.resource(definitionGroup, definitionPlural);
      if (cache === undefined) return;
      await Promise.all(all().map((definition) => serve(parts, serving, definition).catch((error: unknown) => world.log.error('custom resource not served', { name: nameOf(definition), error: errorText(error) }))));
      let position = cache.ring.end;
      let { epoch } = cache;
      const stop = cache.onChange(() => {
        if (cache.epoch !== epoch || position < cache.ring.start) {
          epoch = cache.epoch;
          for (const name of new Set([...serving.keys(), ...all().map(nameOf)])) queue(name);
        } else for (let at = position; at < cache.ring.end; at++) queue(cache.ring.at(at).entry.name);
        position = cache.ring.end;
      });
      const end = (): void => {
        stop();
        for (const { caches } of serving.values()) for (const version of caches.values()) version.close();
      };
      signal.addEventListener('abort', end, { once: true });
      for (const definition of all()) queue(nameOf(definition));
    },
  };
}

/** "crontabs.stable.example.com" → "stable.example.com". */
function groupOfName(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

async function changeStatus(parts: CustomResourceParts, name: string, change: (definition: CustomResourceDefinition) => void): Promise<CustomResourceDefinition> {
  const object = await parts.writer.mutate(definitionGroup, definitionPlural, '', name, (target) => change(target as unknown as CustomResourceDefinition), false, 'status');
  return object as unknown as CustomResourceDefinition;
}

function isServed(definition: CustomResourceDefinition): boolean {
  return isTrue(definition, 'Established') || isTrue(definition, 'NamesAccepted');
}

/** Brings what is served in line with the definition. */
async function serve(parts: ServingParts, serving: Map<string, Serving>, definition: CustomResourceDefinition): Promise<void> {
  const name = nameOf(definition);
  const known = serving.get(name);
  if (!isServed(definition)) {
    stopServing(parts, serving, name);
    return;
  }
  const told = isTrue(definition, 'Established');
  if (known !== undefined && isSame(known.definition, definition)) {
    if (isTrue(known.definition, 'Established') === told && isTerminating(known.definition) === isTerminating(definition)) return;
  }
  const plan = planDefinition({ definition, conversion: conversionOf(definition, parts.webhookConversion), clock: parts.world.clock, ruleTimes: parts.ruleTimes });
  if (plan === undefined) return;
  const keeps = known !== undefined && isSame(known.definition, definition);
  const base = keeps ? known.base : await parts.cache.add(plan.stored);
  const caches: VersionCaches = keeps ? known.caches : new Map();
  const served = serveDefinition(plan, base, caches);
  if (served === undefined) return;
  serving.set(name, { definition, base, caches, stored: served.stored });
  parts.cache.publish(base);
  parts.resources.setCustom(name, { ...served, told });
  if (known !== undefined && !keeps) retire(parts, known);
}

function isSame(a: CustomResourceDefinition, b: CustomResourceDefinition): boolean {
  return a.metadata?.uid === b.metadata?.uid && jsonEqual(a.spec, b.spec) && jsonEqual(a.status?.acceptedNames, b.status?.acceptedNames);
}

function stopServing(parts: CustomResourceParts, serving: Map<string, Serving>, name: string): void {
  const known = serving.get(name);
  if (known === undefined) return;
  serving.delete(name);
  parts.resources.setCustom(name, undefined);
  retire(parts, known);
}

/** Ends the watches and lets go of the caches. */
function retire(parts: CustomResourceParts, { base, caches }: Serving): void {
  parts.cache.remove(base);
  parts.hubs.drop(base);
  for (const version of caches.values()) {
    version.close();
    parts.hubs.drop(version.cache);
  }
}

const overlapping: ReadonlySet<string> = new Set(['apiregistration.k8s.io/apiservices', 'apiextensions.k8s.io/customresourcedefinitions']);

/** Deletes all objects, says so, and lets the definition go. */
async function finish(parts: CustomResourceParts, definition: CustomResourceDefinition, serving: Serving | undefined): Promise<void> {
  const name = nameOf(definition);
  const say = (condition: Omit<Condition, 'type'>) => changeStatus(parts, name, (target) => setCondition(target, { type: 'Terminating', ...condition }, parts.world.clock.now()));
  await say({ status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' });
  if (overlapping.has(`${definition.spec.group}/${definition.spec.names.plural}`)) {
    await say({ status: 'False', reason: 'OverlappingBuiltInResource', message: 'instances overlap with built-in resources in storage' });
  } else if (!isTrue(definition, 'Established') || serving === undefined) {
    await say({ status: 'False', reason: 'NeverEstablished', message: 'resource was never established' });
  } else {
    const failure = await deleteInstances(parts, serving);
    if (failure !== undefined) {
      await say({ status: 'True', ...failure });
      throw new Error(failure.message);
    }
    await say({ status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' });
  }
  // As an update of its status, which asks nothing of the specification: one that is wrong can go too.
  const latest = await parts.writer.lookup(definitionGroup, definitionPlural, '', name);
  if (latest?.metadata === undefined) return;
  const finalizers = (latest.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer);
  await parts.writer.update(definitionGroup, definitionPlural, { ...latest, metadata: { ...latest.metadata, finalizers } }, 'status');
}

async function deleteInstances(parts: CustomResourceParts, { base, stored }: Serving): Promise<Pick<Condition, 'reason' | 'message'> | undefined> {
  const failures: string[] = [];
  for (const entry of [...base.entries()]) {
    try {
      await parts.remove(stored, entry.namespace, entry.name);
    } catch (error) {
      if (!isNotFound(error)) failures.push(errorText(error));
    }
  }
  if (failures.length > 0) return { reason: 'InstanceDeletionFailed', message: `could not issue all deletes: ${failures.slice(0, 10).join(', ')}` };
  if (await isEmptied(parts, base)) return undefined;
  return { reason: 'InstanceDeletionCheck', message: 'could not confirm zero CustomResources remaining: timed out waiting for the condition' };
}

/** Resolves when the last object is gone, or with false when that takes too long. */
async function isEmptied({ world, signal }: CustomResourceParts, base: ResourceCache): Promise<boolean> {
  if (base.size === 0) return true;
  const done = new AbortController();
  const stop = base.onChange(() => {
    if (base.size === 0) done.abort();
  });
  const abort = (): void => done.abort();
  signal.addEventListener('abort', abort, { once: true });
  await sleep(world.clock, patienceMs, done.signal).catch(() => undefined);
  signal.removeEventListener('abort', abort);
  stop();
  return base.size === 0;
}
