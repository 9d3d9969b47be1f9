// How much a node has and how much of it pods may have: capacity less what is reserved for the system, for
// Kubernetes, and for the hard eviction thresholds.
import { formatQuantity, parseQuantity, quantityMilliValue, quantityOf, milliQuantityOf, quantityValue, subQuantity } from '#machinery';
import type { FileSystemUsage, MachineInfo } from '#linux';
import type { KubeletConfig } from '../config.ts';

/** "10%" of capacity, or an absolute quantity. */
export function thresholdBytes(threshold: string | undefined, capacity: number): number {
  if (threshold === undefined || threshold === '') return 0;
  if (threshold.endsWith('%')) return Math.floor((capacity * Number(threshold.slice(0, -1))) / 100);
  return quantityValue(parseQuantity(threshold));
}

const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

export function nodeCapacity(machine: MachineInfo, disk: FileSystemUsage, maxPods: number): Record<string, string> {
  const capacity: Record<string, string> = {
    cpu: String(machine.cores),
    'ephemeral-storage': kibibytes(disk.capacityBytes),
    memory: kibibytes(machine.memoryBytes),
    pods: String(maxPods),
  };
  for (const { sizeBytes, count } of machine.hugepages) capacity[`hugepages-${formatQuantity(quantityOf(sizeBytes, 'BinarySI'))}`] = formatQuantity(quantityOf(sizeBytes * count, 'BinarySI'));
  return capacity;
}

/** What is left of the capacity for pods; never below zero. */
export function nodeAllocatable(capacity: Readonly<Record<string, string>>, config: Pick<KubeletConfig, 'systemReserved' | 'kubeReserved' | 'evictionHard'>): Record<string, string> {
  const allocatable: Record<string, string> = {};
  for (const [name, text] of Object.entries(capacity)) {
    let left = parseQuantity(text);
    for (const reserved of [config.systemReserved[name], config.kubeReserved[name]]) if (reserved !== undefined) left = subQuantity(left, parseQuantity(reserved));
    const threshold = name === 'memory' ? config.evictionHard['memory.available'] : name === 'ephemeral-storage' ? config.evictionHard['nodefs.available'] : undefined;
    const held = thresholdBytes(threshold, quantityValue(parseQuantity(text)));
    if (name === 'cpu') allocatable[name] = formatQuantity(milliQuantityOf(Math.max(0, quantityMilliValue(left))));
    else if (name === 'memory') allocatable[name] = kibibytes(Math.max(0, quantityValue(left) - held));
    else allocatable[name] = formatQuantity(quantityOf(Math.max(0, quantityValue(left) - held), left.format));
    if (name === 'ephemeral-storage') allocatable[name] = String(Math.max(0, quantityValue(left) - held));
  }
  return allocatable;
}
