// Keeps the last two readings of every node. One request a node every 15 seconds, spread out; a node that does not
// answer keeps its last readings for a minute and then has none.
import { errorText } from '#base/errors.ts';
import { sleep } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import { parseReadings, usageBetween, type NodeReadings, type Usage } from './samples.ts';

export interface ScrapeTargets {
  /** Names of all nodes, now. */
  nodes(): readonly string[];
  /** The text of the node's /metrics/resource. */
  read(node: string, signal: AbortSignal): Promise<string>;
}

interface Held {
  before: NodeReadings | undefined;
  last: NodeReadings;
  lastMs: number;
}

export interface Scraper {
  nodeUsage(node: string): Usage | undefined;
  /** By "namespace/pod/container", of all nodes. */
  containerUsage(): ReadonlyMap<string, Usage>;
  close(): void;
}

const intervalMs = 15_000;
const staleMs = 60_000;
const timeoutMs = 10_000;
const parallel = 8;
const hurriedTries = 5;

export function startScraper(world: World, targets: ScrapeTargets): Scraper {
  const held = new Map<string, Held>();
  /** How often in a row a node has not answered: after a few times it is not worth hurrying for. */
  const failed = new Map<string, number>();
  const stop = new AbortController();

  const scrape = async (node: string): Promise<void> => {
    const limit = new AbortController();
    const timer = world.clock.after(timeoutMs, () => limit.abort(new Error('timed out')), { background: true });
    try {
      const text = await targets.read(node, AbortSignal.any([stop.signal, limit.signal]));
      const last = parseReadings(text, world.clock.now());
      held.set(node, { before: held.get(node)?.last, last, lastMs: world.clock.now() });
      failed.delete(node);
    } catch (error) {
      failed.set(node, (failed.get(node) ?? 0) + 1);
      if (!stop.signal.aborted) world.log.debug('cannot read resource metrics', { node, error: errorText(error) });
    } finally {
      timer.cancel();
    }
  };

  const round = async (): Promise<void> => {
    const names = [...targets.nodes()];
    const present = new Set(names);
    for (const known of held.keys()) if (!present.has(known)) held.delete(known);
    for (const known of failed.keys()) if (!present.has(known)) failed.delete(known);
    for (const [node, state] of held) if (world.clock.now() - state.lastMs > staleMs) held.delete(node);
    const queue = names.values();
    await Promise.all(Array.from({ length: parallel }, async () => { for (const node of queue) await scrape(node); }));
  };

  const run = async (): Promise<void> => {
    for (;;) {
      await round();
      // A node's first rate needs two readings: ask again soon instead of after a whole interval.
      const names = targets.nodes();
      const young = names.length === 0 || names.some((node) => held.get(node)?.before === undefined && (failed.get(node) ?? 0) < hurriedTries);
      await sleep(world.clock, young ? 1000 : intervalMs, stop.signal);
    }
  };
  run().catch((error: unknown) => {
    if (!stop.signal.aborted) world.log.error('resource metrics stopped', { error: errorText(error) });
  });

  return {
    nodeUsage(node) {
      const state = held.get(node);
      return state?.last.node === undefined ? undefined : usageBetween(state.before?.node, state.last.node);
    },
    containerUsage() {
      const all = new Map<string, Usage>();
      for (const { before, last } of held.values()) {
        for (const [key, reading] of last.containers) {
          const usage = usageBetween(before?.containers.get(key), reading);
          if (usage !== undefined) all.set(key, usage);
        }
      }
      return all;
    },
    close: () => stop.abort(new Error('closed')),
  };
}
