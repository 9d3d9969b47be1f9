// The pod network of a node: the first free part of each cluster range.
import type { Node } from '#api/core/v1.ts';
import { firstFreeNetwork, formatCidr, parseCidr, type Cidr } from '../cidr.ts';

const ipv6MaskSize = 64;

export interface Ranges {
  /** "10.244.0.0/16" or two of them, separated by a comma. */
  readonly clusterCidr: string;
  /** Prefix length of a node's IPv4 network. */
  readonly nodeCidrMaskSize: number;
}

/** Networks to give to the node, none when it has some; undefined when the ranges are exhausted. */
export function reconcile(node: Node, all: readonly Node[], reserved: readonly string[], ranges: Ranges): readonly string[] | undefined {
  if ((node.spec?.podCIDR ?? '') !== '') return [];
  const used: Cidr[] = [];
  for (const text of [...reserved, ...all.flatMap((each) => each.spec?.podCIDRs ?? (each.spec?.podCIDR === undefined ? [] : [each.spec.podCIDR]))]) {
    const cidr = parseCidr(text);
    if (cidr !== undefined) used.push(cidr);
  }
  const given: string[] = [];
  for (const text of ranges.clusterCidr.split(',')) {
    const range = parseCidr(text);
    if (range === undefined) throw new Error(`cluster CIDR ${text} is no address range`);
    const free = firstFreeNetwork(range, Math.max(range.prefix, range.bits === 32 ? ranges.nodeCidrMaskSize : ipv6MaskSize), used);
    if (free === undefined) return undefined;
    given.push(formatCidr(free));
  }
  return given;
}
