// Comprehensions as loops. The accumulator is computed when first asked for; an empty list or map it starts with
// grows in place. The loop ends when its condition is false; an error in the condition does not end it.
import { GrowingList, ListValue } from '../types/lists.ts';
import { GrowingMap, MapValue } from '../types/maps.ts';
import { CelError, isError, type CelList, type CelMap, type CelResult, type CelValue } from '../types/values.ts';
import { goTypeName } from './attributes.ts';
import type { Frame, Run } from './frame.ts';

export interface FoldPlan {
  readonly id: number;
  readonly range: Run;
  readonly accuSlot: number;
  readonly iterSlot: number;
  readonly iter2Slot: number | undefined;
  readonly condition: Run;
  readonly step: Run;
  readonly result: Run;
}

/** What an accumulator starts with: lists and maps that are empty may grow in place, as nobody else holds them. */
export function accumulatorInit(init: Run): Run {
  return (frame) => {
    const value = init(frame);
    if (value instanceof ListValue && value.size === 0) return new GrowingList();
    if (value instanceof MapValue && value.size === 0) return new GrowingMap();
    return value;
  };
}

/** Growing values leave a fold as plain ones. */
function settled(value: CelResult): CelResult {
  if (value instanceof GrowingList) return new ListValue(value.elements);
  if (!(value instanceof GrowingMap)) return value;
  const map = new MapValue();
  for (const key of value.keys()) {
    const found = value.find(key);
    if (found !== undefined && !isError(found)) map.set(key, found);
  }
  return map;
}

/** One turn of the loop; false ends it. */
function turn(frame: Frame, plan: FoldPlan): boolean {
  if (plan.condition(frame) === false) return false;
  frame.locals[plan.accuSlot] = plan.step(frame);
  frame.step();
  return true;
}

function overList(frame: Frame, list: CelList, plan: FoldPlan): void {
  const { locals } = frame;
  const { iterSlot, iter2Slot } = plan;
  for (let i = 0, { size } = list; i < size; i++) {
    if (iter2Slot === undefined) locals[iterSlot] = list.at(i);
    else {
      locals[iterSlot] = BigInt(i);
      locals[iter2Slot] = list.at(i);
    }
    if (!turn(frame, plan)) return;
  }
}

function overMap(frame: Frame, map: CelMap, plan: FoldPlan): void {
  const { locals } = frame;
  const { iterSlot, iter2Slot } = plan;
  for (const key of map.keys()) {
    locals[iterSlot] = key;
    if (iter2Slot !== undefined) locals[iter2Slot] = map.find(key) ?? null;
    if (!turn(frame, plan)) return;
  }
}

function notIterable(range: CelValue, plan: FoldPlan): CelError {
  const error = new CelError(
    plan.iter2Slot === undefined ? `got '${goTypeName(range)}', expected iterable type` : `unsupported comprehension range type: ${goTypeName(range)}`,
  );
  error.expression = plan.id;
  return error;
}

export function foldRun(plan: FoldPlan): Run {
  const { range: rangeRun, accuSlot, result } = plan;
  return (frame) => {
    const range = rangeRun(frame);
    if (isError(range)) return range;
    frame.locals[accuSlot] = undefined;
    if (typeof range !== 'object' || range === null) return notIterable(range, plan);
    if (range.is === 'list') overList(frame, range, plan);
    else if (range.is === 'map') overMap(frame, range, plan);
    else return notIterable(range, plan);
    return settled(result(frame));
  };
}
