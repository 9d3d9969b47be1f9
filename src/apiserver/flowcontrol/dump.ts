// /debug/api_priority_and_fairness/dump_*: what levels, queues and requests are doing now, as upstream's
// tables with commas and aligned columns.
import { answer, type Call } from '../request/call.ts';
import type { Configuration } from './configuration.ts';
import { FairQueue, type Occupant } from './fair-queue.ts';
import type { QueueSet } from './queue-set.ts';

/** Cells as Go's tabwriter aligns them: at least eight wide, one space apart, the last as it is. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) if (i < row.length - 1) widths[i] = Math.max(widths[i] ?? 8, cell.length + 2);
  return rows.map((row) => `${row.map((cell, i) => (i < row.length - 1 ? `${cell},`.padEnd(widths[i] ?? 0) : cell)).join('')}\n`).join('');
}

function answerTable(call: Call, rows: readonly (readonly string[])[]): void {
  answer(call, 200, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }, aligned(rows));
}

const seatSeconds = (ms: number): string => `${(ms / 1000).toFixed(8)}ss`;

function levelRows({ levels }: Configuration): string[][] {
  const rows = [['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests', 'DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests']];
  for (const { name, set, quiescing } of [...levels.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const active = [...set.queues].filter((queue) => queue.waiting.length > 0).length;
    rows.push([name, active, set.isIdle, quiescing, set.waiting, set.executing, set.dispatched, set.rejected, 0, set.cancelled].map(String));
  }
  return rows;
}

/** More of a level are not told, but for those that were needed. */
const mostToldQueues = 10_000;

function queuesOf({ queues, queueCount }: QueueSet): FairQueue[] {
  const needed = new Map([...queues].map((queue) => [queue.index, queue]));
  if (queueCount > mostToldQueues) return [...needed.values()].toSorted((a, b) => a.index - b.index);
  return Array.from({ length: queueCount }, (_, index) => needed.get(index) ?? new FairQueue(index));
}

function queueRows({ levels }: Configuration): string[][] {
  const rows = [['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR', 'InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum']];
  for (const { name, set } of levels.values()) {
    for (const queue of queuesOf(set)) {
      const initial = queue.waiting.reduce((sum, { width }) => sum + width.initialSeats, 0);
      const most = queue.waiting.reduce((sum, { seats }) => sum + seats, 0);
      rows.push([name, ...[queue.index, queue.waiting.length, queue.executing.size, queue.seatsInUse].map(String), seatSeconds(queue.nextDispatch), String(initial), String(most), seatSeconds(queue.waitingWork)]);
    }
  }
  return rows;
}

const never = '0001-01-01T00:00:00Z';

function requestRows({ levels }: Configuration, detailed: boolean, wallTime: (monotonicMs: number) => string): string[][] {
  const details = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'];
  const rows = [['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'ArriveTime', 'InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime', ...(detailed ? details : [])]];
  for (const { name, set } of levels.values()) {
    const add = (occupant: Occupant, queue: number, position: number): void => {
      const { flow, width, call } = occupant;
      const { info } = call;
      const started = occupant.startedMs < 0 ? never : wallTime(occupant.startedMs);
      const row = [name, flow.schema.name, String(queue), String(position), flow.distinguisher, wallTime(occupant.arrivedMs), String(width.initialSeats), String(width.finalSeats), `${width.extraMs}${width.extraMs === 0 ? '' : 'm'}s`, started];
      const version = info.apiGroup === '' ? info.apiVersion : `${info.apiGroup}/${info.apiVersion}`;
      rows.push(detailed ? [...row, call.user.name, info.verb, info.path, info.namespace, info.name, version, info.resource, info.subresource] : row);
    };
    for (const queue of set.queues) {
      for (const [i, occupant] of queue.waiting.entries()) add(occupant, queue.index, i);
      for (const occupant of queue.executing) add(occupant, queue.index, -1);
    }
    for (const occupant of set.unqueued) add(occupant, -1, -1);
  }
  return rows;
}

/** Answers a path of this kind; false for any other. */
export function answerDump(call: Call, configuration: Configuration, wallTime: (monotonicMs: number) => string): boolean {
  switch (call.info.path) {
    case '/debug/api_priority_and_fairness/dump_priority_levels':
      answerTable(call, levelRows(configuration));
      return true;
    case '/debug/api_priority_and_fairness/dump_queues':
      answerTable(call, queueRows(configuration));
      return true;
    case '/debug/api_priority_and_fairness/dump_requests':
      answerTable(call, requestRows(configuration, (call.info.query.get('includeRequestDetails') ?? '') !== '', wallTime));
      return true;
    default:
      return false;
  }
}
