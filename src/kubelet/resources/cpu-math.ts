// Requests and limits as the kernel counts them: cpu shares, CFS quota, and the OOM score that decides who
// dies first. Numbers are upstream's (pkg/kubelet/cm/helpers_linux.go, pkg/kubelet/qos/policy.go).
import type { Container, Pod, ResourceRequirements } from '#api/core/v1.ts';
import { parseQuantity, quantityMilliValue, quantityValue } from '#machinery';
import type { LinuxResources } from '#runtime';
import { isInitSidecar, qosClass, specOf } from '../pod.ts';

export const minShares = 2;
const maxShares = 262_144;
const minQuotaMicroseconds = 1000;
const guaranteedScore = -997;

/** 1000 milli is one core is 1024 shares. */
export function milliToShares(milli: number): number {
  if (milli === 0) return minShares;
  return Math.min(maxShares, Math.max(minShares, Math.floor((milli * 1024) / 1000)));
}

/** Microseconds per period; 0 for no limit. */
export function milliToQuota(milli: number, periodMicroseconds: number): number {
  if (milli === 0) return 0;
  return Math.max(minQuotaMicroseconds, Math.floor((milli * periodMicroseconds) / 1000));
}

export const milliOf = (list: Record<string, string> | undefined, name: string): number => quantityMilliValue(parseQuantity(list?.[name] ?? '0'));
export const valueOf = (list: Record<string, string> | undefined, name: string): number => quantityValue(parseQuantity(list?.[name] ?? '0'));

/** Burstable containers between 3 and 999 by the share of memory they asked for; a sidecar never above the smallest regular one. */
export function oomScoreAdjust(pod: Pod, container: Container, memoryCapacityBytes: number): number {
  if ((specOf(pod).priority ?? 0) >= 2_000_001_000) return guaranteedScore;
  const qos = qosClass(pod);
  if (qos === 'Guaranteed') return guaranteedScore;
  if (qos === 'BestEffort') return 1000;
  const score = (requested: number): number => 1000 - Math.floor((1000 * requested) / memoryCapacityBytes);
  let adjust = score(valueOf(container.resources?.requests, 'memory'));
  if (isInitSidecar(pod, container)) {
    const smallest = Math.min(...specOf(pod).containers.map((regular) => valueOf(regular.resources?.requests, 'memory')));
    adjust = Math.min(adjust, score(smallest));
  }
  if (adjust < 1000 + guaranteedScore) return 1000 + guaranteedScore;
  return adjust === 1000 ? 999 : adjust;
}

export interface CpuSettings {
  readonly cpuCFSQuota: boolean;
  readonly cpuCFSQuotaPeriodMs: number;
}

/** "hugepages-2Mi" → "2MB", as the kernel names page sizes. */
export function hugepageSizeText(resource: string): string {
  const bytes = quantityValue(parseQuantity(resource.slice('hugepages-'.length)));
  if (bytes >= 2 ** 30) return `${bytes / 2 ** 30}GB`;
  return bytes >= 2 ** 20 ? `${bytes / 2 ** 20}MB` : `${bytes / 1024}KB`;
}

function hugepages(limits: Record<string, string> | undefined): { page_size: string; limit: number }[] {
  return Object.keys(limits ?? {}).filter((name) => name.startsWith('hugepages-')).map((name) => ({ page_size: hugepageSizeText(name), limit: valueOf(limits, name) }));
}

/** Shares, quota, memory limit and OOM score of one container; the pod's limits stand in for missing ones. */
export function containerResources(pod: Pod, container: Container, settings: CpuSettings, memoryCapacityBytes: number): LinuxResources {
  const podLimits = specOf(pod).resources?.limits;
  const own: ResourceRequirements = container.resources ?? {};
  const limits = { cpu: own.limits?.['cpu'] ?? podLimits?.['cpu'] ?? '0', memory: own.limits?.['memory'] ?? podLimits?.['memory'] ?? '0' };
  const cpuLimit = milliOf(limits, 'cpu');
  const cpuRequest = own.requests?.['cpu'] === undefined ? cpuLimit : milliOf(own.requests, 'cpu');
  const memory = valueOf(limits, 'memory');
  const huge = hugepages(own.limits);
  const period = settings.cpuCFSQuotaPeriodMs * 1000;
  return {
    cpu_shares: milliToShares(cpuRequest),
    ...(settings.cpuCFSQuota ? { cpu_period: period, cpu_quota: milliToQuota(cpuLimit, period) } : {}),
    ...(memory > 0 ? { memory_limit_in_bytes: memory } : {}),
    oom_score_adj: oomScoreAdjust(pod, container, memoryCapacityBytes),
    ...(huge.length > 0 ? { hugepage_limits: huge } : {}),
  };
}
