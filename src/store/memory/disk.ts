// A simulated disk for the memory engine: an append-only file of checksummed frames with a volatile
// cache in front. It outlives the store that writes to it, loses what was not synced when the power
// fails, may keep a torn part of it, fills up, and fails on request. Frames never shrink: it is meant for
// tests and short simulations.
import type { Random } from '#base/random.ts';
import { randomInt } from '#base/random.ts';
import { NoSpaceError } from '../contract.ts';

export interface MemoryDisk {
  /** Appends to the cache. Throws NoSpaceError, or the error asked for. */
  append(frame: Uint8Array): void;
  /** Makes what was appended durable. Throws the error asked for. */
  sync(): void;
  /** Takes back what was appended and not synced. */
  discard(): void;
  /** All whole frames; a torn tail is cut off. Throws when a frame that others follow is damaged. */
  frames(): Uint8Array[];
  readonly sizeBytes: number;

  /** The power fails: unsynced bytes are lost, or with `tear` kept up to a random place. */
  crash(options?: { tear?: boolean }): void;
  /** The next `count` calls of the operation fail with this error. */
  failNext(operation: 'append' | 'sync', error: Error, count?: number): void;
  /** Beyond this many bytes appending fails with NoSpaceError. */
  setCapacity(bytes: number): void;
  /** Flips one bit of a synced byte. */
  corrupt(offset: number): void;
}

const frameHeaderBytes = 8;

/** FNV-1a; enough to tell a torn frame. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

export function createMemoryDisk(random: Random): MemoryDisk {
  let synced = Buffer.alloc(0);
  let cache: Uint8Array[] = [];
  let capacity = Number.POSITIVE_INFINITY;
  const faults = { append: [] as Error[], sync: [] as Error[] };
  const cachedBytes = (): number => cache.reduce((sum, part) => sum + part.length, 0);

  /** The frame at `start`: its payload, or undefined when it is cut short or damaged. */
  const frameAt = (start: number): Buffer | undefined => {
    if (start + frameHeaderBytes > synced.length) return undefined;
    const end = start + frameHeaderBytes + synced.readUInt32LE(start);
    if (end > synced.length) return undefined;
    const payload = synced.subarray(start + frameHeaderBytes, end);
    return checksum(payload) === synced.readUInt32LE(start + 4) ? payload : undefined;
  };

  return {
    append(frame) {
      const fault = faults.append.shift();
      if (fault !== undefined) throw fault;
      if (synced.length + cachedBytes() + frame.length + frameHeaderBytes > capacity) throw new NoSpaceError('no space left on the simulated disk');
      const header = Buffer.alloc(frameHeaderBytes);
      header.writeUInt32LE(frame.length, 0);
      header.writeUInt32LE(checksum(frame), 4);
      cache.push(header, frame);
    },
    sync() {
      const fault = faults.sync.shift();
      if (fault !== undefined) throw fault;
      synced = Buffer.concat([synced, ...cache]);
      cache = [];
    },
    discard() {
      cache = [];
    },
    frames() {
      const found: Uint8Array[] = [];
      let start = 0;
      for (let payload = frameAt(start); payload !== undefined; payload = frameAt(start)) {
        found.push(payload);
        start += frameHeaderBytes + payload.length;
      }
      for (let next = start + 1; next < synced.length; next++) {
        const payload = frameAt(next);
        if (payload !== undefined && payload.length > 0) throw new Error(`the store's file is damaged at byte ${start}: later writes are intact`);
      }
      synced = Buffer.from(synced.subarray(0, start));
      return found;
    },
    get sizeBytes() {
      return synced.length + cachedBytes();
    },
    crash(options) {
      const lost = Buffer.concat(cache);
      cache = [];
      if (options?.tear === true) synced = Buffer.concat([synced, lost.subarray(0, randomInt(random, lost.length + 1))]);
    },
    failNext(operation, error, count = 1) {
      for (let i = 0; i < count; i++) faults[operation].push(error);
    },
    setCapacity(bytes) {
      capacity = bytes;
    },
    corrupt(offset) {
      synced[offset] = (synced[offset] ?? 0) ^ 1;
    },
  };
}
