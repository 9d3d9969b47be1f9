// The configuration in use: levels and schemas made from the API's objects, all at once whenever one of them changes.
// What is missing of the mandatory objects is imagined; schemas that lead nowhere are left out. Every ten seconds the
// levels' limits follow their demand: what one does not use, others may borrow.
import type { FlowSchema, PriorityLevelConfiguration } from '#api/flowcontrol/v1.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { catchAllLevel, catchAllName, catchAllSchema, exemptLevel, exemptName, exemptSchema } from './bootstrap-objects.ts';
import type { SchemaInUse } from './flow.ts';
import { Level, levelProblem } from './level.ts';
import { byPrecedence, looksAtNamespaces } from './matching.ts';
import { shareSeats } from './seat-allocation.ts';
import { FlowTally } from './tallies.ts';

const mostTallies = 2000;

export interface Configuration {
  /** In the order in which they are asked; the last is never missing and takes what no other takes. */
  readonly schemas: readonly SchemaInUse[];
  readonly levels: ReadonlyMap<string, Level>;
  /** One of the schemas tells namespaces apart. */
  readonly byNamespace: boolean;
  readonly catchAll: SchemaInUse;
  readonly tallies: Iterable<FlowTally>;
  readonly fairFraction: number;
  /** Executing and waiting requests that all levels together hold at most. */
  readonly capacity: { readonly executing: number; readonly waiting: number };
  take(levels: readonly PriorityLevelConfiguration[], schemas: readonly FlowSchema[]): void;
  /** Follows the demand of the period that ends now. */
  adjust(): void;
}

export function createConfiguration(clock: Clock, log: Log, serverSeats: number): Configuration {
  let levels = new Map<string, Level>();
  let schemas: SchemaInUse[] = [];
  let catchAll: SchemaInUse;
  let byNamespace = false;
  let fairFraction = 0;
  let capacity = { executing: 0, waiting: 0 };
  const tallies = new Map<string, FlowTally>();
  const tallyOf = (level: string, schema: string): FlowTally => {
    const key = `${level}\0${schema}`;
    const known = tallies.get(key) ?? new FlowTally(level, schema);
    tallies.set(key, known);
    return known;
  };

  const takeLevels = (objects: readonly PriorityLevelConfiguration[]): Map<string, Level> => {
    const next = new Map<string, Level>();
    for (const object of objects) {
      const name = object.metadata?.name ?? '';
      const problem = levelProblem(object);
      if (problem !== undefined) {
        log.warn('a PriorityLevelConfiguration is ignored because its spec is broken', { name, problem });
        continue;
      }
      const level = levels.get(name) ?? new Level(object, clock);
      level.take(object);
      next.set(name, level);
    }
    return next;
  };
  /** Levels that are gone serve what they hold; those that must exist do so without an object. */
  const keepLevels = (next: Map<string, Level>): void => {
    for (const [name, level] of levels) {
      if (next.has(name)) continue;
      const isMandatory = name === exemptName || name === catchAllName;
      if (!isMandatory && level.set.isIdle) continue;
      level.quiescing ||= !isMandatory;
      next.set(name, level);
    }
    for (const object of [exemptLevel, catchAllLevel]) {
      const name = object.metadata?.name ?? '';
      if (!next.has(name)) next.set(name, new Level(object, clock));
    }
  };
  const takeSchemas = (objects: readonly FlowSchema[], usable: ReadonlyMap<string, Level>, all: ReadonlyMap<string, Level>): void => {
    const found = objects.filter((object) => usable.has(object.spec?.priorityLevelConfiguration.name ?? '')).toSorted(byPrecedence);
    const has = (name: string): boolean => found.some((object) => object.metadata?.name === name);
    if (!has(exemptName)) found.unshift(exemptSchema);
    if (!has(catchAllName)) found.push(catchAllSchema);
    schemas = found.flatMap((object) => inUse(object, all, tallyOf) ?? []);
    byNamespace = looksAtNamespaces(found);
    const last = schemas.find(({ name }) => name === catchAllName);
    if (last === undefined) throw new Error('the catch-all schema leads nowhere');
    catchAll = last;
  };
  const pruneTallies = (): void => {
    if (tallies.size <= mostTallies) return;
    const used = new Set(schemas.map(({ tally }) => tally));
    for (const [key, tally] of tallies) if (!used.has(tally) && tally.executingSeats === 0 && tally.waitingRequests === 0) tallies.delete(key);
  };

  const adjustLimits = (): void => {
    const now = clock.monotonic();
    const total = sumOf(levels.values(), ({ nominal }) => nominal);
    const limited = [...levels.values()].filter((level) => !level.isExempt);
    let left = total;
    for (const level of levels.values()) {
      const { peak } = level.demand.endPeriod(now);
      if (!level.isExempt) continue;
      level.current = Math.max(level.lowest, peak);
      left -= level.current;
    }
    const needed = (level: Level): number => Math.max(level.lowest, Math.min(level.nominal, level.demand.figures.peak));
    for (const level of limited) level.target = Math.max(needed(level), level.demand.figures.smoothed);
    const lowest = sumOf(limited, (level) => level.lowest);
    const wanted = sumOf(limited, needed);
    fairFraction = 0;
    if (left <= lowest) for (const level of limited) level.current = level.lowest;
    else if (left <= wanted) for (const level of limited) level.current = level.lowest + Math.round(((needed(level) - level.lowest) * (left - lowest)) / (wanted - lowest));
    else {
      try {
        const shared = shareSeats(total, limited.map((level) => ({ lowest: needed(level), highest: level.highest, target: level.target })));
        ({ fairFraction } = shared);
        for (const [i, level] of limited.entries()) level.current = Math.round(shared.seats[i] ?? level.current);
      } catch (error) {
        log.error('unable to derive new concurrency limits', { error: error instanceof Error ? error.message : String(error) });
      }
    }
    for (const level of levels.values()) level.apply(serverSeats);
  };

  const configuration: Configuration = {
    get schemas() {
      return schemas;
    },
    get levels() {
      return levels;
    },
    get byNamespace() {
      return byNamespace;
    },
    get catchAll() {
      return catchAll;
    },
    get tallies() {
      return tallies.values();
    },
    get fairFraction() {
      return fairFraction;
    },
    get capacity() {
      return capacity;
    },
    take(levelObjects, schemaObjects) {
      const usable = takeLevels(levelObjects);
      const next = new Map(usable);
      keepLevels(next);
      takeSchemas(schemaObjects, usable, next);
      levels = next;
      const shares = sumOf(levels.values(), (level) => level.shares);
      for (const level of levels.values()) level.measure(serverSeats, shares);
      capacity = {
        executing: sumOf(levels.values(), ({ nominal }) => nominal),
        waiting: sumOf(levels.values(), ({ queuing }) => Math.max(0, queuing.queues) * queuing.lengthLimit),
      };
      adjustLimits();
      pruneTallies();
    },
    adjust: adjustLimits,
  };
  configuration.take([], []);
  return configuration;
}

function sumOf<T>(items: Iterable<T>, value: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum += value(item);
  return sum;
}

function inUse(object: FlowSchema, levels: ReadonlyMap<string, Level>, tallyOf: (level: string, schema: string) => FlowTally): SchemaInUse | undefined {
  const name = object.metadata?.name ?? '';
  const level = levels.get(object.spec?.priorityLevelConfiguration.name ?? '');
  if (level === undefined) return undefined;
  const type = object.spec?.distinguisherMethod?.type;
  const distinguisher = type === 'ByUser' || type === 'ByNamespace' ? type : '';
  return { name, uid: object.metadata?.uid ?? '', object, distinguisher, level, tally: tallyOf(level.name, name), flows: new Map() };
}
