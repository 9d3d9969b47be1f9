// Pods as large as a request may be: what a list holds twice is found without comparing each item with each.
import { expect, it } from 'vitest';
import { errorText } from '../field-errors.ts';
import type { KubeObject } from '../object.ts';
import { validateCreate } from './index.ts';

const container = { name: 'c', image: 'x', imagePullPolicy: 'Always', terminationMessagePolicy: 'File', terminationMessagePath: '/x' };
const pod = (spec: object): KubeObject & { spec: object } => ({
  metadata: { name: 'a', namespace: 'd' },
  spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30, containers: [container], ...spec },
});
const many = <T>(make: (i: number) => T, count = 20_000): T[] => Array.from({ length: count }, (_, i) => make(i));
const texts = (spec: object): string[] => validateCreate('core.v1.Pod', pod(spec)).map(errorText);

const spread = (key: string): object => ({ maxSkew: 1, topologyKey: key, whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} });

it('spread constraints', () => {
  expect(texts({ topologySpreadConstraints: [spread('a'), spread('b'), spread('a')] })).toEqual([
    'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{a, DoNotSchedule}"',
  ]);
  expect(texts({ topologySpreadConstraints: many((i) => spread(`k${i}`)) })).toEqual([]);
});

it('claims of containers', () => {
  const claimed = (claims: readonly object[], known: readonly string[]): string[] =>
    texts({ resourceClaims: known.map((name) => ({ name, resourceClaimName: 'x' })), containers: [{ ...container, resources: { claims } }] });
  expect(claimed([{ name: 'a', request: 'x' }, { name: 'a', request: 'y' }, { name: 'a', request: 'x' }, { name: 'a' }], ['a'])).toEqual([
    'spec.containers[0].resources.claims[2]: Duplicate value: "a/x"',
    'spec.containers[0].resources.claims[3]: Duplicate value: "a"',
    'spec.containers[0].resources.claims[3]: Duplicate value: "a"',
  ]);
  expect(claimed(many((i) => ({ name: `n${i}` })), many((i) => `n${i}`))).toEqual([]);
  // The list of what is known is told with each, and made once.
  const errors = validateCreate('core.v1.Pod', pod({ resourceClaims: many((i) => ({ name: `n${i}`, resourceClaimName: 'x' })), containers: [{ ...container, resources: { claims: many((i) => ({ name: `m${i}` })) } }] }));
  expect(errors).toHaveLength(20_000);
  expect(new Set(errors.map(({ detail }) => detail)).size).toBe(1);
});
