// Defaults of pods and of what pod templates share with them (pkg/apis/core/v1/defaults.go). What only a Pod
// gets (requests from limits, enableServiceLinks, host ports) hangs on Pod; the rest on the parts' types.
import type {
  ConfigMapVolumeSource, Container, HTTPGetAction, HostPathVolumeSource, ObjectFieldSelector, Pod, PodSpec, PodStatus, Probe, ServiceAccountTokenProjection, Volume,
} from '#api/core/v1.ts';
import { copyOf, setKey } from '../patch/json-tree.ts';
import { hook, type Hooks } from './hook.ts';
import { pullPolicyFor } from './image-name.ts';
import { defaultPodLevelResources } from './pod-resources.ts';

function containerDefaults(container: Container): void {
  container.imagePullPolicy ||= pullPolicyFor(container.image ?? '');
  container.terminationMessagePath ||= '/dev/termination-log';
  container.terminationMessagePolicy ||= 'File';
}

function requestsFromLimits(containers: readonly Container[] | undefined): void {
  for (const container of containers ?? []) {
    const limits = container.resources?.limits;
    if (limits === undefined || container.resources === undefined) continue;
    const { requests } = container.resources;
    if (Object.keys(limits).some((name) => requests?.[name] === undefined)) container.resources.requests = withAll(limits, requests ?? {});
  }
}

function withAll(limits: Readonly<Record<string, string>>, requests: Readonly<Record<string, string>>): Record<string, string> {
  const all = copyOf(limits);
  for (const name of Object.keys(requests)) setKey(all, name, requests[name]);
  return all;
}

/** Copies: what a patch did not touch, as ports when hostNetwork is, may be shared with the object before. */
function withHostPorts(containers: Container[]): Container[] {
  return containers.map((container) => (container.ports === undefined ? container : { ...container, ports: container.ports.map((port) => (port.hostPort ? port : { ...port, hostPort: port.containerPort })) }));
}

function isWithoutHostPort(containers: readonly Container[] | undefined): boolean {
  return containers?.some((container) => container.ports?.some((port) => !port.hostPort)) === true;
}

function podDefaults(pod: Pod): void {
  const { spec } = pod;
  if (spec === undefined) return;
  requestsFromLimits(spec.containers);
  requestsFromLimits(spec.initContainers);
  defaultPodLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork === true) {
    if (isWithoutHostPort(spec.containers)) spec.containers = withHostPorts(spec.containers);
    if (isWithoutHostPort(spec.initContainers)) spec.initContainers = withHostPorts(spec.initContainers ?? []);
  }
}

function podSpecDefaults(spec: PodSpec): void {
  spec.restartPolicy ||= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.securityContext ??= {};
  spec.schedulerName ||= 'default-scheduler';
  // The deprecated field is an alias: upstream's conversion keeps both alike.
  const account = spec.serviceAccountName || spec.serviceAccount;
  for (const field of ['serviceAccountName', 'serviceAccount'] as const) {
    // What has its defaults already may be shared with the object before: nothing is written to it.
    if (!account) {
      if (Object.hasOwn(spec, field)) delete spec[field];
    } else if (spec[field] !== account) spec[field] = account;
  }
}

/** podIP and the first of podIPs are two names of one thing; where they differ the older name counts. */
function podStatusDefaults(status: PodStatus): void {
  if (status.podIP && status.podIPs?.[0]?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }];
  const first = status.podIPs?.[0]?.ip;
  if (first && status.podIP !== first) status.podIP = first;
}

const sources = [
  'hostPath', 'emptyDir', 'gcePersistentDisk', 'awsElasticBlockStore', 'gitRepo', 'secret', 'nfs', 'iscsi', 'glusterfs', 'persistentVolumeClaim', 'rbd', 'flexVolume',
  'cinder', 'cephfs', 'flocker', 'downwardAPI', 'fc', 'azureFile', 'configMap', 'vsphereVolume', 'quobyte', 'azureDisk', 'photonPersistentDisk', 'projected', 'portworxVolume',
  'scaleIO', 'storageos', 'csi', 'ephemeral', 'image',
] as const satisfies readonly (keyof Volume)[];

function volumeDefaults(volume: Volume): void {
  if (sources.every((source) => volume[source] === undefined || volume[source] === null)) volume.emptyDir = {};
  if (volume.image) volume.image.pullPolicy ||= pullPolicyFor(volume.image.reference ?? '');
}

function probeDefaults(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
}

const mode = hook<ConfigMapVolumeSource>((source) => {
  source.defaultMode ??= 0o644;
});

export const hooks: Hooks = {
  'core.v1.Pod': hook(podDefaults),
  'core.v1.PodSpec': hook(podSpecDefaults),
  'core.v1.PodStatus': hook(podStatusDefaults),
  'core.v1.Container': hook(containerDefaults),
  'core.v1.EphemeralContainer': hook(containerDefaults),
  'core.v1.Volume': hook(volumeDefaults),
  'core.v1.Probe': hook(probeDefaults),
  'core.v1.SecretVolumeSource': mode,
  'core.v1.ConfigMapVolumeSource': mode,
  'core.v1.DownwardAPIVolumeSource': mode,
  'core.v1.ProjectedVolumeSource': mode,
  'core.v1.ServiceAccountTokenProjection': hook<ServiceAccountTokenProjection>((projection) => {
    projection.expirationSeconds ??= 3600;
  }),
  'core.v1.HTTPGetAction': hook<HTTPGetAction>((action) => {
    action.path ||= '/';
    action.scheme ||= 'HTTP';
  }),
  'core.v1.ObjectFieldSelector': hook<ObjectFieldSelector>((selector) => {
    selector.apiVersion ||= 'v1';
  }),
  'core.v1.HostPathVolumeSource': hook<HostPathVolumeSource>((source) => {
    source.type ??= '';
  }),
};
