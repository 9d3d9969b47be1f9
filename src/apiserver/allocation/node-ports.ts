// Node ports: one bitmap under /registry/ranges/servicenodeports, as upstream keeps it, changed by compare and
// swap. Within this server changes queue up behind each other, so that they do not fight for the swap.
import type { Random } from '#base/random.ts';
import type { Store } from '#store';
import { decodeProtobuf, isProtobuf, parseJson } from '#machinery';
import type { PortMetrics } from './allocation-metrics.ts';
import { candidates } from './ip-range.ts';

const key = '/registry/ranges/servicenodeports';

export interface PortRange {
  readonly first: number;
  readonly size: number;
  readonly text: string;
}

/** "30000-32767". */
export function parsePortRange(text: string): PortRange {
  const match = /^(\d+)-(\d+)$/.exec(text);
  const first = Number(match?.[1] ?? Number.NaN);
  const last = Number(match?.[2] ?? Number.NaN);
  if (!(first >= 1 && last >= first && last <= 65_535)) throw new Error(`not a port range: ${text}`);
  return { first, size: last - first + 1, text };
}

export interface NodePorts {
  readonly range: PortRange;
  /** Takes these ports and `any` more; answers the latter. Nothing is taken when it throws. */
  take(wanted: readonly number[], any: number, dryRun: boolean): Promise<number[]>;
  give(ports: readonly number[]): Promise<void>;
  /** What is marked as used. */
  marked(): Promise<Set<number>>;
}

/** A port that somebody else has, or that is none. */
export class PortTakenError extends Error {
  override name = 'PortTakenError';
  readonly port: number;
  constructor(port: number, message: string) {
    super(message);
    this.port = port;
  }
}

interface Bitmap {
  readonly bits: bigint;
  readonly revision: number;
}

/** As upstream: between 16 and 128, a thirty-second of the range. */
function staticBand(size: number): bigint {
  if (size < 16) return 0n;
  return BigInt(Math.min(128, Math.max(16, Math.floor(size / 32))));
}

function decode(value: Uint8Array): bigint {
  // Upstream on the same etcd, or before, keeps protobuf there.
  const object = (isProtobuf(value) ? decodeProtobuf(value).object : parseJson(value).value) as { data?: unknown };
  const hex = typeof object.data === 'string' ? Buffer.from(object.data, 'base64').toString('hex') : '';
  return hex === '' ? 0n : BigInt(`0x${hex}`);
}

function encode(bits: bigint, range: PortRange): Buffer {
  const hex = bits.toString(16);
  const data = bits === 0n ? '' : Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64');
  return Buffer.from(JSON.stringify({ kind: 'RangeAllocation', apiVersion: 'v1', metadata: {}, range: range.text, data }));
}

export function createNodePorts(range: PortRange, store: Store, random: Random, metrics: PortMetrics): NodePorts {
  let known: Bitmap | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const read = async (): Promise<Bitmap> => {
    const { kvs } = await store.range({ start: key });
    const kv = kvs[0];
    return kv === undefined ? { bits: 0n, revision: 0 } : { bits: decode(kv.value), revision: kv.modRevision };
  };

  /** Changes the bitmap until nobody was quicker. */
  const change = (mark: (bits: bigint) => bigint): Promise<void> => {
    const work = queue.then(async () => {
      for (;;) {
        const bitmap: Bitmap = known ?? (await read());
        const bits = mark(bitmap.bits);
        if (bits === bitmap.bits) {
          known = bitmap;
          return;
        }
        known = undefined;
        const result = await store.commit({ conditions: [{ key, modRevision: bitmap.revision }], writes: [{ put: key, value: encode(bits, range) }] });
        if (result.succeeded) {
          known = { bits, revision: result.revision };
          return;
        }
        const current = result.current[0];
        known = current === undefined ? { bits: 0n, revision: 0 } : { bits: decode(current.value), revision: current.modRevision };
      }
    });
    queue = work.catch(() => undefined);
    return work;
  };

  const bit = (port: number): bigint => 1n << BigInt(port - range.first);
  const inRange = (port: number): boolean => port >= range.first && port < range.first + range.size;

  return {
    range,
    async take(wanted, any, dryRun) {
      let chosen: number[] = [];
      const next = (before: bigint): bigint => {
        let bits = before;
        for (const port of wanted) {
          if (!inRange(port)) throw new PortTakenError(port, `provided port is not in the valid range. The range of valid ports is ${range.text}`);
          if ((bits & bit(port)) !== 0n) throw new PortTakenError(port, 'provided port is already allocated');
          bits |= bit(port);
        }
        chosen = [];
        const offsets = candidates(random, BigInt(range.size), staticBand(range.size));
        while (chosen.length < any) {
          const step = offsets.next();
          if (step.done === true) throw new Error('range is full');
          const port = range.first + Number(step.value);
          if ((bits & bit(port)) !== 0n) continue;
          bits |= bit(port);
          chosen.push(port);
        }
        return dryRun ? before : bits;
      };
      if (wanted.length === 0 && any === 0) return chosen;
      try {
        await change(next);
      } catch (error) {
        if (!dryRun) metrics.failed(error instanceof PortTakenError ? 'static' : 'dynamic');
        throw error;
      }
      if (!dryRun) {
        metrics.taken('static', wanted.length);
        metrics.taken('dynamic', chosen.length);
      }
      return chosen;
    },
    async give(ports) {
      const own = ports.filter(inRange);
      if (own.length > 0) await change((bits) => own.reduce((left, port) => left & ~bit(port), bits));
    },
    async marked() {
      const { bits } = await read();
      const ports = new Set<number>();
      for (let i = 0; i < range.size; i++) if (((bits >> BigInt(i)) & 1n) === 1n) ports.add(range.first + i);
      return ports;
    },
  };
}
