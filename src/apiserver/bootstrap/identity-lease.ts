// Which API servers run: each keeps a Lease in kube-system, named after its host, and clears away those of servers that
// are long gone. Operators count servers by them, and the storage version migrator asks them. Upstream: feature
// APIServerIdentity, KEP-1965.
import { createHash } from 'node:crypto';
import { sleep } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import { uuid } from '#base/random.ts';
import type { World } from '#base/world.ts';
import { isAlreadyExists, isConflict, isNotFound } from '#machinery';
import type { KubeObject, ObjectReader, ObjectWriter, PostStartHook } from '../contract.ts';

const group = 'coordination.k8s.io';
const namespace = 'kube-system';
const identityLabel = 'apiserver.kubernetes.io/identity';
const component = 'kube-apiserver';
const holdSeconds = 3600;
const renewMs = 10_000;
const jitter = 0.04;
const sweepMs = 3_600_000;

export interface IdentityLeaseParts {
  readonly world: Pick<World, 'clock' | 'random' | 'log'>;
  /** Absent: no hooks. */
  readonly hostname: string | undefined;
  readonly reader: ObjectReader;
  readonly remove: (name: string) => Promise<void>;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly renewTime?: string;
}

function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

/** The name by which other servers know the one on this host. */
export function serverIdentity(hostname: string): string {
  const hash = createHash('sha256');
  for (const part of [hostname, component]) {
    const bytes = Buffer.from(part);
    hash.update(Buffer.from([bytes.length >> 8, bytes.length & 0xff])).update(bytes);
  }
  return `apiserver-${base32(hash.digest().subarray(0, 16))}`;
}

function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

/** One that lacks a term is nobody's. */
function isExpired(lease: KubeObject, nowMs: number): boolean {
  const { renewTime, leaseDurationSeconds } = (lease['spec'] ?? {}) as LeaseSpec;
  return renewTime === undefined || leaseDurationSeconds === undefined || Date.parse(renewTime) + leaseDurationSeconds * 1000 < nowMs;
}

/** Keeps the Lease and sweeps, until the server ends. */
export function identityLeaseHooks(parts: IdentityLeaseParts): PostStartHook[] {
  const { world, hostname, reader, remove } = parts;
  const { clock } = world;
  if (hostname === undefined) return [];
  const name = serverIdentity(hostname);
  const holder = `${name}_${uuid(world.random)}`;

  const renew = async (writer: ObjectWriter): Promise<void> => {
    const found = await writer.lookup(group, 'leases', namespace, name);
    const labels = { ...found?.metadata?.labels, [identityLabel]: component, 'kubernetes.io/hostname': hostname };
    const spec = { holderIdentity: holder, leaseDurationSeconds: holdSeconds, ...(found?.['spec'] as LeaseSpec | undefined), renewTime: microTime(clock.now()) };
    const lease: KubeObject = { apiVersion: `${group}/v1`, kind: 'Lease', ...found, metadata: { ...found?.metadata, name, namespace, labels }, spec };
    if (found === undefined) await writer.create(group, 'leases', lease);
    else await writer.update(group, 'leases', lease);
  };
  const sweep = async (writer: ObjectWriter): Promise<void> => {
    for (const lease of reader.list(group, 'leases', namespace)) {
      const { name: found = '', labels } = lease.metadata ?? {};
      if (labels?.[identityLabel] !== component || !isExpired(lease, clock.now())) continue;
      const latest = await writer.lookup(group, 'leases', namespace, found);
      if (latest === undefined || !isExpired(latest, clock.now())) continue;
      await remove(found).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  };
  const forever = (what: string, act: (writer: ObjectWriter) => Promise<void>, everyMs: () => number): PostStartHook['run'] => async (writer, signal) => {
    for (;;) {
      try {
        await act(writer);
      } catch (error) {
        signal.throwIfAborted();
        // Somebody else was quicker: next time.
        if (!isConflict(error) && !isAlreadyExists(error)) world.log.warn(what, { error: errorText(error) });
      }
      await sleep(clock, everyMs(), signal);
    }
  };
  return [
    { name: 'start-kube-apiserver-identity-lease-controller', background: true, run: forever("the server's lease cannot be renewed", renew, () => renewMs * (1 + jitter * world.random.next())) },
    { name: 'start-kube-apiserver-identity-lease-garbage-collector', background: true, run: forever('leases of servers that are gone cannot be removed', sweep, () => sweepMs) },
  ];
}
