// --feature-gates as upstream takes it: defaults, whole stages, refusals, help and metrics.
import { describe, expect, test } from 'vitest';
import { featureGates, gateHelp } from './feature-gates.ts';

describe('feature gates', () => {
  test('are as upstream has them unless somebody says otherwise', () => {
    const gates = featureGates({});
    expect(['CBORServingAndStorage', 'WatchList', 'SidecarContainers', 'KMSv1'].map((name) => gates.on(name))).toEqual([false, true, true, false]);
    expect(featureGates({ CBORServingAndStorage: true }).on('CBORServingAndStorage')).toBe(true);
    expect(featureGates({ 'kube:CBORServingAndStorage': true }).on('CBORServingAndStorage')).toBe(true);
  });

  test('AllAlpha is for those that nobody named', () => {
    const gates = featureGates({ AllAlpha: true, ClientsPreferCBOR: false });
    expect([gates.on('CBORServingAndStorage'), gates.on('ClientsPreferCBOR')]).toEqual([true, false]);
  });

  test.each([
    [{ Nope: true }, 'unrecognized feature gate: Nope'],
    [{ SidecarContainers: false }, 'cannot set feature gate SidecarContainers to false, feature is locked to true'],
    [{ GangScheduling: true }, 'GangScheduling is enabled, but depends on features that are disabled: [GenericWorkload]'],
  ])('refuses %j', (asked, message) => expect(() => featureGates(asked)).toThrow(message));

  test('help and metrics tell them', () => {
    expect(gateHelp()).toMatch(/^kube:APIResponseCompression=true\|false \(BETA - default=true\)\nkube:APIServerIdentity=/);
    expect(gateHelp()).toContain('kube:CBORServingAndStorage=true|false (ALPHA - default=false)');
    expect(featureGates({}).samples()).toContainEqual({ name: 'CBORServingAndStorage', stage: 'ALPHA', value: 0 });
  });
});
