// Rows of kinds that exist in alpha and beta versions only.
import type { StorageVersion } from '#api/apiserverinternal/v1alpha1.ts';
import type { ClusterTrustBundle, PodCertificateRequest } from '#api/certificates/v1beta1.ts';
import type { LeaseCandidate } from '#api/coordination/v1beta1.ts';
import type { ResourcePoolStatusRequest } from '#api/resource/v1alpha3.ts';
import type { DeviceTaintRule } from '#api/resource/v1beta2.ts';
import type { PodGroup, Workload } from '#api/scheduling/v1alpha2.ts';
import type { StorageVersionMigration } from '#api/storagemigration/v1beta1.ts';
import { age, labelsText, nameOf, since, withMore } from './cell-text.ts';
import { printer, type Cell, type Printers } from './printer.ts';

function certificateState({ status }: PodCertificateRequest): string {
  return (status?.conditions ?? []).map(({ type }) => type).findLast((type) => ['Issued', 'Denied', 'Failed'].includes(type)) ?? 'Pending';
}

function podGroupState({ status }: PodGroup): string {
  const conditions = new Map((status?.conditions ?? []).map((condition) => [condition.type, condition]));
  const scheduled = conditions.get('PodGroupScheduled');
  return conditions.get('DisruptionTarget')?.reason ?? (scheduled === undefined ? 'Pending' : scheduled.status === 'True' ? 'Scheduled' : 'Unschedulable');
}

function poolCells(request: ResourcePoolStatusRequest, nowMs: number): Cell[] {
  const { status } = request;
  const end = (status?.conditions ?? []).find((condition) => ['Complete', 'Failed'].includes(condition.type) && condition.status === 'True');
  const pools = status?.pools ?? [];
  const count = status?.poolCount ?? 0;
  const sum = (of: (pool: (typeof pools)[number]) => number | undefined): string =>
    !status || end?.type === 'Failed' ? '-' : String(pools.reduce((total, pool) => total + (of(pool) ?? 0), 0));
  const cut = end?.type === 'Complete' && count > pools.length ? ` (${pools.length}/${count} pools)` : '';
  return [
    nameOf(request), request.spec.driver, sum((pool) => pool.totalDevices), sum((pool) => pool.availableDevices), sum((pool) => pool.allocatedDevices), sum((pool) => pool.unavailableDevices),
    sum((pool) => (typeof pool.validationError === 'string' ? 1 : 0)), count, `${end?.type ?? 'Pending'}${cut}`, end?.type === 'Complete' ? since(end.lastTransitionTime, nowMs) : '<none>',
  ];
}

function migrationState({ status }: StorageVersionMigration): string {
  const told = (status?.conditions ?? []).filter((condition) => condition.status === 'True' && ['Running', 'Succeeded', 'Failed'].includes(condition.type));
  return told.at(-1)?.type ?? 'Unknown';
}

function resourceText(resource: { readonly group?: string; readonly resource: string } | undefined): string {
  return `${resource?.resource ?? ''}${resource?.group ? `.${resource.group}` : ''}`;
}

export const printers: Printers = {
  'apiserverinternal.v1alpha1.StorageVersion': printer<StorageVersion>('Name=name CommonEncodingVersion StorageVersions Age', (object, nowMs) => [
    nameOf(object), object.status?.commonEncodingVersion ?? '<unset>',
    withMore((object.status?.storageVersions ?? []).map(({ apiServerID = '', encodingVersion = '' }) => `${apiServerID}=${encodingVersion}`)), age(object, nowMs),
  ]),
  'certificates.v1beta1.ClusterTrustBundle': printer<ClusterTrustBundle>('Name=name SignerName', (object) => [nameOf(object), object.spec.signerName || '<none>']),
  'certificates.v1beta1.PodCertificateRequest': printer<PodCertificateRequest>('Name=name PodName ServiceAccountName NodeName SignerName State UnverifiedUserAnnotations', (object) => {
    const { podName, serviceAccountName, nodeName, signerName, unverifiedUserAnnotations } = object.spec;
    return [nameOf(object), podName, serviceAccountName, nodeName, signerName, certificateState(object), labelsText(unverifiedUserAnnotations)];
  }),
  'coordination.v1beta1.LeaseCandidate': printer<LeaseCandidate>('Name=name LeaseName BinaryVersion EmulationVersion Age', (object, nowMs) => [
    nameOf(object), object.spec?.leaseName ?? '', object.spec?.binaryVersion ?? '', object.spec?.emulationVersion ?? '', age(object, nowMs),
  ]),
  'resource.v1beta2.DeviceTaintRule': printer<DeviceTaintRule>('Name=name Key Value Effect TimeAdded Age', (object, nowMs) => {
    const { key, value = '', effect, timeAdded } = object.spec.taint;
    return [nameOf(object), key, value, effect, timeAdded ? since(timeAdded, nowMs) : '', age(object, nowMs)];
  }),
  'resource.v1alpha3.ResourcePoolStatusRequest': printer<ResourcePoolStatusRequest>(
    'Name=name Driver Total Available Allocated Unavailable Errors Pools:integer Status Completed', poolCells,
  ),
  'scheduling.v1alpha2.PodGroup': printer<PodGroup>('Name=name Policy Workload Status Age', (object, nowMs) => [
    nameOf(object), object.spec.schedulingPolicy.gang ? 'Gang' : 'Basic', object.spec.podGroupTemplateRef?.workload?.workloadName ?? '<none>', podGroupState(object), age(object, nowMs),
  ]),
  'scheduling.v1alpha2.Workload': printer<Workload>('Name=name Age', (object, nowMs) => [nameOf(object), age(object, nowMs)]),
  'storagemigration.v1beta1.StorageVersionMigration': printer<StorageVersionMigration>('Name Resource Status', (object) => [
    nameOf(object), resourceText(object.spec?.resource), migrationState(object),
  ]),
};
