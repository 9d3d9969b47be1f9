// How cells word times, labels and lists, equal to what upstream's printers write.
import type { Container } from '#api/core/v1.ts';
import type { LabelSelector, ObjectMeta } from '#api/meta/v1.ts';
import { parseTime } from '#base/clock.ts';
import { selectorFromObject } from '../selectors-label.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** "5m12s", "3d4h", "2y": the two largest units that matter, as kubectl shows ages. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / second);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(ms / minute);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(ms / hour);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (hours < 24 * 365 * 8) return days % 365 === 0 ? `${years}y` : `${years}y${days % 365}d`;
  return `${years}y`;
}

/** Time since an RFC 3339 text. */
export function since(time: string | null | undefined, nowMs: number): string {
  const at = parseTime(time ?? undefined);
  return Number.isNaN(at) ? '<unknown>' : humanDuration(nowMs - at);
}

export function age(object: { readonly metadata?: ObjectMeta }, nowMs: number): string {
  return since(object.metadata?.creationTimestamp, nowMs);
}

export function nameOf(object: { readonly metadata?: ObjectMeta }): string {
  return object.metadata?.name ?? '';
}

/** "a=1,b=2", or "<none>". */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const text = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`).sort().join(',');
  return text === '' ? '<none>' : text;
}

export function selectorText(selector: LabelSelector | undefined, empty = '<none>', broken = '<error>'): string {
  try {
    const text = selectorFromObject(selector).toString();
    return text === '' ? empty : text;
  } catch {
    return broken;
  }
}

/** Names and images of containers, as the two wide columns show them. */
export function containerCells(containers: readonly Container[] | null | undefined): [names: string, images: string] {
  const list = containers ?? [];
  return [list.map(({ name }) => name).join(','), list.map(({ image }) => image ?? '').join(',')];
}

/** The first `shown` items; the rest is counted. */
export function withMore(items: readonly string[], shown = 3, empty = '<unset>'): string {
  const text = items.slice(0, shown).join(',');
  if (items.length > shown) return `${text} + ${items.length - shown} more...`;
  return text === '' ? empty : text;
}
