// Pod Security as users meet it: refusals and warnings in upstream's words, versions of the standards, exemptions, labels
// that mean nothing, and namespaces that become stricter.
import { describe, expect, test } from 'vitest';
import type { PodSpec } from '#api/core/v1.ts';
import { systemClock } from '#base/clock.ts';
import { createMetrics } from '#base/metrics.ts';
import type { AdmissionRequest, KubeObject, Operation } from '../../contract.ts';
import { fakeReader } from '../../fake-reader.case.ts';
import { admitWith, type Admitted } from '../admit.case.ts';
import { readPodSecurity } from '../configuration.ts';
import { detailsOf, violations } from './evaluate.ts';
import { podSecurity, podSecurityDefaults } from './plugin.ts';

const pod = (spec: Partial<PodSpec> = {}, metadata: object = {}): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'x', ...metadata }, spec: { containers: [{ name: 'c', image: 'i' }], ...spec } });
const namespace = (labels: Record<string, string>): KubeObject => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value])) } });

function admit(labels: Record<string, string>, object: KubeObject, more: { plural?: string; operation?: Operation; settings?: typeof podSecurityDefaults; pods?: KubeObject[] } & Partial<AdmissionRequest> = {}): Promise<Admitted> {
  const { plural = 'pods', operation = 'CREATE', settings = podSecurityDefaults, pods = [], ...rest } = more;
  const plugin = podSecurity({ reader: fakeReader(namespace(labels), ...pods), writer: { lookup: async () => undefined }, clock: systemClock, metrics: createMetrics() }, settings);
  return admitWith([plugin], plural, operation, object, rest);
}

describe('a pod', () => {
  test('is held to the level of its namespace, all that is wrong in one sentence', async () => {
    await expect(admit({ enforce: 'restricted' }, pod())).rejects.toThrow(
      'pods "p" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
        + 'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
        + 'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    );
    expect((await admit({ enforce: 'baseline' }, pod())).annotations).toEqual({ 'pod-security.kubernetes.io/enforce-policy': 'baseline:latest' });
  });
  test('is warned about and noted where nothing is enforced', async () => {
    const { warnings, annotations } = await admit({ warn: 'baseline', audit: 'baseline', 'audit-version': 'v1.20' }, pod({ hostNetwork: true, hostPID: true }));
    expect(warnings).toEqual(['would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true, hostPID=true)']);
    expect(annotations['pod-security.kubernetes.io/audit-violations']).toBe('would violate PodSecurity "baseline:v1.20": host namespaces (hostNetwork=true, hostPID=true)');
  });
  test('may change what makes no other pod of it', async () => {
    const bad = pod({ hostNetwork: true });
    await admit({ enforce: 'baseline' }, bad, { operation: 'UPDATE', oldObject: bad });
    await expect(admit({ enforce: 'baseline' }, pod({ hostNetwork: true, containers: [{ name: 'c', image: 'other' }] }), { operation: 'UPDATE', oldObject: bad })).rejects.toThrow('host namespaces (hostNetwork=true)');
  });
  test.each([['namespaces', 'x', {}, 'namespace'], ['usernames', 'jane', {}, 'user'], ['runtimeClasses', 'vm', { runtimeClassName: 'vm' }, 'runtimeClass']])('is exempt by %s', async (list, name, spec, by) => {
    const settings = readPodSecurity({ apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration', exemptions: { [list]: [name] } });
    const { annotations } = await admit({ enforce: 'baseline' }, pod({ hostNetwork: true, ...spec }), { settings });
    expect(annotations).toEqual({ 'pod-security.kubernetes.io/exempt': by });
  });
  test('is held to the configured defaults where a namespace says nothing', async () => {
    const settings = readPodSecurity({ apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration', defaults: { enforce: 'baseline', 'enforce-version': 'v1.30' } });
    await expect(admit({}, pod({ hostIPC: true }), { settings })).rejects.toThrow('violates PodSecurity "baseline:v1.30": host namespaces (hostIPC=true)');
  });
});

test.each<[string, Partial<PodSpec>, string]>([
  ['baseline', { containers: [{ name: 'a', securityContext: { privileged: true } }, { name: 'b', securityContext: { privileged: true } }] }, 'privileged (containers "a", "b" must not set securityContext.privileged=true)'],
  ['baseline', { containers: [{ name: 'a', ports: [{ containerPort: 1, hostPort: 80 }] }] }, 'hostPort (container "a" uses hostPort 80)'],
  ['baseline', { volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
  ['baseline', { containers: [{ name: 'a', securityContext: { capabilities: { add: ['NET_ADMIN', 'CHOWN'] } } }] }, 'non-default capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)'],
  ['baseline', { securityContext: { seLinuxOptions: { type: 'x', user: 'u' } } }, 'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set)'],
  ['baseline', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }, 'forbidden sysctls (kernel.msgmax)'],
  ['baseline', { containers: [{ name: 'a', livenessProbe: { httpGet: { port: 1, host: 'h' } } }] }, 'probe or lifecycle host (container "a" uses probe or lifecycle host "h")'],
  ['baseline', { securityContext: { seccompProfile: { type: 'Unconfined' } } }, 'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")'],
])('%s: %o', (level, spec, text) => {
  expect(detailsOf(violations({ level: level as 'baseline', version: 'latest' }, { annotations: {}, spec: { containers: [], ...spec } }))).toBe(text);
});

describe('objects with pod templates', () => {
  const template = { spec: { containers: [{ name: 'c' }], hostNetwork: true } };
  test.each(['apps/deployments', 'apps/statefulsets', 'apps/daemonsets', 'apps/replicasets', 'replicationcontrollers', 'batch/jobs'])('%s are warned about, never refused', async (plural) => {
    const { warnings } = await admit({ enforce: 'baseline' }, { metadata: { name: 'd' }, spec: { template } }, { plural });
    expect(warnings).toEqual(['would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)']);
  });
  test('cronjobs too', async () => {
    const { warnings } = await admit({ warn: 'baseline' }, { metadata: { name: 'd' }, spec: { jobTemplate: { spec: { template } } } }, { plural: 'batch/cronjobs' });
    expect(warnings).toHaveLength(1);
  });
});

describe('a namespace', () => {
  const change = (labels: Record<string, string>, before: Record<string, string>, pods: KubeObject[] = []): Promise<Admitted> =>
    admit({}, namespace(labels), { plural: 'namespaces', operation: 'UPDATE', oldObject: namespace(before), namespace: 'x', name: 'x', pods });
  test('that becomes stricter names the pods that would no longer be let in', async () => {
    const owned = (name: string): KubeObject => pod({ hostNetwork: true }, { name, ownerReferences: [{ uid: 'rs', controller: true }] });
    const { warnings } = await change({ enforce: 'baseline' }, {}, [owned('b'), owned('a'), owned('c'), pod({ hostPID: true }, { name: 'z' })]);
    expect(warnings).toEqual([
      'existing pods in namespace "x" violate the new PodSecurity enforce level "baseline:latest"', 'a (and 3 other pods): host namespaces',
    ]);
    expect((await change({ enforce: 'privileged' }, { enforce: 'baseline' }, [owned('a')])).warnings).toEqual([]);
  });
  test('with labels that mean nothing is refused, unless it had them before', async () => {
    await expect(change({ enforce: 'strict' }, {})).rejects.toThrow('metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted');
    await expect(change({ 'warn-version': '1.2' }, {})).rejects.toThrow('metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.2": must be "latest" or "v1.x"');
    await change({ enforce: 'strict' }, { enforce: 'strict' });
  });
});

test('the usual counts are told from the start', async () => {
  const metrics = createMetrics();
  podSecurity({ reader: fakeReader(namespace({})), writer: { lookup: async () => undefined }, clock: systemClock, metrics });
  const text = await metrics.text();
  for (const operation of ['create', 'update']) {
    expect(text).toContain(`pod_security_evaluations_total{decision="allow",mode="enforce",policy_level="privileged",policy_version="latest",request_operation="${operation}",resource="pod",subresource=""} 0`);
    for (const resource of ['pod', 'controller']) expect(text).toContain(`pod_security_exemptions_total{request_operation="${operation}",resource="${resource}",subresource=""} 0`);
  }
});
