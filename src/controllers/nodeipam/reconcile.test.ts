// Pod networks are given once, in order, from ranges of either family.
import { expect, test } from 'vitest';
import type { Node } from '#api/core/v1.ts';
import { formatCidr, parseCidr } from '../cidr.ts';
import { reconcile } from './reconcile.ts';

const node = (name: string, ...podCIDRs: string[]): Node => ({ metadata: { name }, spec: podCIDRs.length === 0 ? {} : { podCIDR: podCIDRs[0], podCIDRs } });

test.each<[string, string, readonly string[], readonly string[] | undefined]>([
  ['the first', '10.244.0.0/16', [], ['10.244.0.0/24']],
  ['a gap', '10.244.0.0/16', ['10.244.0.0/24', '10.244.2.0/24'], ['10.244.1.0/24']],
  ['none within a wider one that is taken', '10.244.0.0/16', ['10.244.0.0/22'], ['10.244.4.0/24']],
  ['both families', '10.244.0.0/16,fd00:10::/56', ['10.244.0.0/24', 'fd00:10::/64'], ['10.244.1.0/24', 'fd00:10:0:1::/64']],
  ['nothing when all is taken', '10.244.0.0/24', ['10.244.0.0/24'], undefined],
])('%s', (_, clusterCidr, used, wanted) => {
  expect(reconcile(node('new'), used.map((cidr, n) => node(`n${n}`, cidr)), [], { clusterCidr, nodeCidrMaskSize: 24 })).toEqual(wanted);
});

test('what was just given is not given again, and who has one gets none', () => {
  const ranges = { clusterCidr: '10.244.0.0/16', nodeCidrMaskSize: 24 };
  expect(reconcile(node('b'), [], ['10.244.0.0/24'], ranges)).toEqual(['10.244.1.0/24']);
  expect(reconcile(node('b', '10.244.9.0/24'), [], [], ranges)).toEqual([]);
  expect(() => reconcile(node('b'), [], [], { ...ranges, clusterCidr: '10.244.0.0' })).toThrow('is no address range');
});

test('ranges read and written', () => {
  for (const text of ['10.1.2.0/24', 'fd00:1::/48', '2001:db8:0:5::/64', '::/0']) expect(formatCidr(parseCidr(text) ?? { base: 1n, prefix: 0, bits: 32 })).toBe(text);
  for (const text of ['10.1.2/24', '010.1.2.3/24', '10.1.2.3/33', 'fd00:::/48', 'x']) expect(parseCidr(text)).toBeUndefined();
});
