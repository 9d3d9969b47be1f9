// The ServiceCIDR "kubernetes": the ranges that this server was given, as an object (KEP-1880). A cluster that gains
// its second family gets it here too; any other difference is left to whoever made it, and then the object is not
// called ready. Whoever deletes it gets it back: the server looks every ten seconds.
import type { ServiceCIDR } from '#api/networking/v1.ts';
import { every, rfc3339, type Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { isAlreadyExists, jsonEqual } from '#machinery';
import type { KubeObject, ObjectReader, ObjectWriter, PostStartHook } from '../contract.ts';

const group = 'networking.k8s.io';
const resource = 'servicecidrs';
const name = 'kubernetes';

const lookEveryMs = 10_000;

export function serviceCidrHook({ clock, log }: World, serviceCidr: string, reader: ObjectReader): PostStartHook {
  const cidrs = serviceCidr.split(',').map((cidr) => cidr.trim());
  let seen: KubeObject | undefined;
  return {
    name: 'start-kubernetes-service-cidr-controller',
    async run(writer, signal) {
      await keep(clock, writer, cidrs);
      void every(clock, lookEveryMs, signal, async () => {
        const now = reader.get(group, resource, '', name);
        if (now !== undefined && now === seen) return;
        try {
          await keep(clock, writer, cidrs);
          seen = now;
        } catch (error) {
          if (!signal.aborted) log.warn('the default ServiceCIDR cannot be kept', { error: errorText(error) });
        }
      });
    },
  };
}

async function keep(clock: Pick<Clock, 'now'>, writer: ObjectWriter, cidrs: readonly string[]): Promise<void> {
  const found = await foundOrMade(writer, cidrs);
  const before = (found as KubeObject & ServiceCIDR).spec?.cidrs ?? [];
  if (cidrs.length === 2 && before.length === 1 && before[0] === cidrs[0]) {
    await writer.mutate(group, resource, '', name, (object) => void (object.spec = { cidrs }), false, '');
  } else if (!jsonEqual(before, cidrs)) return;
  await markReady(clock, writer);
}

async function foundOrMade(writer: ObjectWriter, cidrs: readonly string[]): Promise<KubeObject> {
  const found = await writer.lookup(group, resource, '', name);
  if (found !== undefined) return found;
  try {
    return await writer.create(group, resource, { apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR', metadata: { name }, spec: { cidrs } });
  } catch (error) {
    // Another server was quicker.
    const other = isAlreadyExists(error) ? await writer.lookup(group, resource, '', name) : undefined;
    if (other === undefined) throw error;
    return other;
  }
}

/** Unless somebody has said whether it is, or it is going. */
async function markReady(clock: Pick<Clock, 'now'>, writer: ObjectWriter): Promise<void> {
  const isSaid = (object: KubeObject): boolean => {
    const { status } = object as KubeObject & ServiceCIDR;
    return (status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status !== 'Unknown') || object.metadata?.deletionTimestamp !== undefined;
  };
  const now = await writer.lookup(group, resource, '', name);
  if (now === undefined || isSaid(now)) return;
  await writer.mutate(group, resource, '', name, (object) => {
    if (isSaid(object)) return;
    const others = ((object as KubeObject & ServiceCIDR).status?.conditions ?? []).filter((condition) => condition.type !== 'Ready');
    const ready = { type: 'Ready', status: 'True', reason: '', message: 'Kubernetes default Service CIDR is ready', lastTransitionTime: rfc3339(clock.now()) };
    object.status = { conditions: [...others, ready] };
  }, false, 'status');
}
