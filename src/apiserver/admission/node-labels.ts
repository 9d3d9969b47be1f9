// Which labels a kubelet may set on its own Node: Kubernetes' own ones are the administrator's, but for those that
// describe the machine, and node-restriction.kubernetes.io/ is never the node's.

const kubeletLabels = new Set([
  'kubernetes.io/hostname', 'kubernetes.io/arch', 'kubernetes.io/os', 'beta.kubernetes.io/arch', 'beta.kubernetes.io/os',
  'node.kubernetes.io/instance-type', 'beta.kubernetes.io/instance-type', 'topology.kubernetes.io/zone', 'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region',
]);

type Labels = Readonly<Record<string, string>> | undefined;

export function modifiedLabels(now: Labels, before: Labels): string[] {
  return [...new Set([...Object.keys(now ?? {}), ...Object.keys(before ?? {})])].filter((key) => now?.[key] !== before?.[key]);
}

function isWithin(key: string, domain: string): boolean {
  const at = key.indexOf('/');
  const own = at < 0 ? '' : key.slice(0, at);
  return own === domain || own.endsWith(`.${domain}`);
}

/** Those that a node must leave alone, in order. */
export function forbiddenNodeLabels(keys: readonly string[]): string[] {
  return keys
    .filter((key) => {
      if (isWithin(key, 'node-restriction.kubernetes.io')) return true;
      const isReserved = isWithin(key, 'kubernetes.io') || isWithin(key, 'k8s.io');
      return isReserved && !kubeletLabels.has(key) && !isWithin(key, 'kubelet.kubernetes.io') && !isWithin(key, 'node.kubernetes.io');
    })
    .sort();
}
