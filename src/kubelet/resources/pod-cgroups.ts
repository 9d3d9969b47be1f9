// The cgroup tree of pods: kubepods, burstable and besteffort below it, one cgroup per pod with the pod's
// limits. Containers are put below their pod by the runtime. Limits are written when they change; a pod's
// cgroup goes when its processes have gone. Names are upstream's cgroupfs names.
import type { Pod } from '#api/core/v1.ts';
import type { World } from '#base/world.ts';
import { errorText } from '#base/errors.ts';
import type { CgroupLimits } from '#linux';
import type { KubeletConfig } from '../config.ts';
import type { HostCgroups } from '../host.ts';
import { qosClass, type QosClass, uidOf } from '../pod.ts';
import { hugepageSizeText, milliOf, milliToQuota, milliToShares, minShares, valueOf } from './cpu-math.ts';
import { everyContainerLimited, podLimits, podRequests } from './pod-resources.ts';

export interface PodCgroups {
  /** Creates the trees of the QoS classes. */
  start(allocatable: Readonly<Record<string, string>>): Promise<void>;
  /** '' when cgroups are not managed: the runtime decides. */
  parentOf(pod: Pod): string;
  ensure(pod: Pod): Promise<void>;
  remove(pod: Pod): Promise<void>;
  /** Removes cgroups of pods that are not in `known`. */
  sweep(known: ReadonlySet<string>): Promise<void>;
  /** Weighs the classes anew for what the running pods ask for. */
  updateClasses(pods: readonly Pod[]): Promise<void>;
}

/** Limits of a pod's cgroup. Pure. */
export function podCgroupLimits(pod: Pod, config: Pick<KubeletConfig, 'cpuCFSQuota' | 'cpuCFSQuotaPeriodMs' | 'podPidsLimit'>): CgroupLimits {
  const requests = podRequests(pod);
  const limits = podLimits(pod);
  const qos = qosClass(pod);
  const period = config.cpuCFSQuotaPeriodMs * 1000;
  const hugepages = Object.fromEntries(Object.keys(limits).filter((name) => name.startsWith('hugepages-')).map((name) => [hugepageSizeText(name), valueOf(limits, name)]));
  const cpuBounded = qos === 'Guaranteed' || (qos === 'Burstable' && everyContainerLimited(pod, 'cpu'));
  const memoryBounded = qos === 'Guaranteed' || (qos === 'Burstable' && everyContainerLimited(pod, 'memory'));
  const cpu = requests['cpu'] ?? limits['cpu'];
  return {
    cpuShares: qos === 'BestEffort' ? minShares : milliToShares(cpu === undefined ? 0 : milliOf({ cpu }, 'cpu')),
    ...(cpuBounded && config.cpuCFSQuota ? { cpuPeriod: period, cpuQuota: milliToQuota(milliOf(limits, 'cpu'), period) } : {}),
    ...(memoryBounded ? { memoryBytes: valueOf(limits, 'memory') } : {}),
    ...(config.podPidsLimit > 0 ? { pids: config.podPidsLimit } : {}),
    ...(Object.keys(hugepages).length > 0 ? { hugepages } : {}),
  };
}

const classFolder: Readonly<Record<QosClass, string>> = { Guaranteed: '', Burstable: '/burstable', BestEffort: '/besteffort' };

/** A tree under `config.cgroupRoot`; does nothing when there are no cgroups to manage. */
export function createPodCgroups(world: World, config: KubeletConfig, cgroups: HostCgroups | undefined): PodCgroups {
  const managed = config.cgroupsPerQOS ? cgroups : undefined;
  const root = `${config.cgroupRoot === '/' ? '' : config.cgroupRoot}/kubepods`;
  const folder = (qos: QosClass): string => `${root}${classFolder[qos]}`;
  const pathOf = (pod: Pod): string => `${folder(qosClass(pod))}/pod${uidOf(pod)}`;
  const written = new Map<string, string>();

  const write = async (path: string, limits: CgroupLimits): Promise<void> => {
    const text = JSON.stringify(limits);
    if (managed === undefined || written.get(path) === text) return;
    await managed.create(path, limits);
    written.set(path, text);
  };
  const drop = async (path: string): Promise<void> => {
    written.delete(path);
    if (managed === undefined || !(await managed.exists(path))) return;
    await managed.killAll(path);
    await managed.remove(path);
  };
  return {
    async start(allocatable) {
      if (managed === undefined) return;
      const memory = valueOf(allocatable, 'memory');
      await managed.create(root, { cpuShares: milliToShares(milliOf(allocatable, 'cpu')), ...(memory > 0 ? { memoryBytes: memory } : {}) });
      await managed.create(folder('Burstable'), { cpuShares: minShares });
      await managed.create(folder('BestEffort'), { cpuShares: minShares });
    },
    parentOf: (pod) => (managed === undefined ? '' : pathOf(pod)),
    ensure: (pod) => write(pathOf(pod), podCgroupLimits(pod, config)),
    remove: (pod) => drop(pathOf(pod)),
    async sweep(known) {
      if (managed === undefined) return;
      for (const qos of ['Guaranteed', 'Burstable', 'BestEffort'] as const) {
        for (const name of await managed.children(folder(qos))) {
          if (!name.startsWith('pod') || known.has(name.slice(3))) continue;
          try {
            await drop(`${folder(qos)}/${name}`);
          } catch (error) {
            world.log.warn('a pod cgroup could not be removed', { cgroup: name, error: errorText(error) });
          }
        }
      }
    },
    async updateClasses(pods) {
      if (managed === undefined) return;
      const milli = pods.filter((pod) => qosClass(pod) === 'Burstable').reduce((sum, pod) => sum + milliOf(podRequests(pod), 'cpu'), 0);
      await write(folder('Burstable'), { cpuShares: milliToShares(milli) });
    },
  };
}
