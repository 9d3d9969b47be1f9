// What a watcher may rely on: the ring knows where a revision is, and says from where on it knows.
import { describe, expect, it } from 'vitest';
import type { CacheEvent } from './entry.ts';
import { EventRing } from './event-ring.ts';

function event(revision: number, previousBytes = 0): CacheEvent {
  const entry = { key: 'k', namespace: '', name: 'k', uid: '', revision, bytes: Buffer.alloc(1), labels: {}, fields: [] };
  return { type: 'MODIFIED', revision, entry, previous: { ...entry, bytes: Buffer.alloc(previousBytes) } };
}

describe('event ring', () => {
  it('finds the first event after a revision', () => {
    const ring = new EventRing(10);
    for (const revision of [12, 15, 20]) ring.push(event(revision), 0);
    expect(ring.at(ring.after(12)).revision).toBe(15);
    expect(ring.at(ring.after(13)).revision).toBe(15);
    expect(ring.after(20)).toBe(ring.end);
    expect(ring.floor).toBe(10);
  });

  it('forgets the oldest beyond its limits and says so', () => {
    const ring = new EventRing(0, { events: 3, supersededBytes: 1000, ageMs: 1e9 });
    for (let revision = 1; revision <= 5; revision++) ring.push(event(revision), 0);
    expect([ring.start, ring.end, ring.floor]).toEqual([2, 5, 2]);
    ring.push(event(6, 999), 0);
    ring.push(event(7, 999), 0);
    expect(ring.end - ring.start).toBe(1);
    expect(ring.floor).toBe(6);
  });

  it('lets old events go, but a few', () => {
    const ring = new EventRing(0, { events: 1e6, supersededBytes: 1e9, ageMs: 1000 });
    for (let revision = 1; revision <= 500; revision++) ring.push(event(revision), 0);
    ring.push(event(501), 5000);
    expect(ring.end - ring.start).toBe(128);
  });
});
