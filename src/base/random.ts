// Randomness and names drawn from it. Production uses the kernel's generator; tests and the simulator a
// seeded one, so that a failing run is repeated by its seed.
import { randomBytes, randomUUID } from 'node:crypto';

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** `count` bytes; from `systemRandom` fit for keys and tokens. */
  bytes(count: number): Uint8Array;
  /** A version 4 UUID, where there is a quicker way than from bytes. */
  uuid?(): string;
}

/** A call into the kernel's generator costs as much for 4 KiB as for 6 bytes: small amounts are cut from a pool. */
const poolBytes = 4096;
const largestPooled = 64;
let pool: Buffer = Buffer.alloc(0);
let used = 0;

/** Bytes that were never given out before; those of the pool are wiped as they leave it. */
function systemBytes(count: number): Buffer {
  if (count > largestPooled) return randomBytes(count);
  if (used + count > pool.length) {
    pool = randomBytes(poolBytes);
    used = 0;
  }
  const taken = Buffer.from(pool.subarray(used, used + count));
  pool.fill(0, used, used + count);
  used += count;
  return taken;
}

export const systemRandom: Random = {
  next: () => systemBytes(6).readUIntBE(0, 6) / 2 ** 48,
  bytes: systemBytes,
  uuid: randomUUID,
};

/** A repeatable generator (mulberry32): the same seed gives the same run. Never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
  };
}

/** Uniform integer in [0, below). */
export function randomInt(random: Random, below: number): number {
  return Math.floor(random.next() * below);
}

/** Version 4 UUID (RFC 9562), the form of every object's uid. */
export function uuid(random: Random): string {
  if (random.uuid !== undefined) return random.uuid();
  const b = random.bytes(16);
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40;
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(b).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The alphabet of generated names: no vowels and no look-alikes, as upstream's generateName. */
const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** `length` characters for a generated name ("web-7d4b9" + "x2kqp"). */
export function nameSuffix(random: Random, length = 5): string {
  let text = '';
  for (let i = 0; i < length; i++) text += nameAlphabet.charAt(randomInt(random, nameAlphabet.length));
  return text;
}

/** `value` lengthened by up to `factor` of itself, so that a fleet does not act in step. */
export function jitter(random: Random, value: number, factor: number): number {
  return value * (1 + random.next() * factor);
}
