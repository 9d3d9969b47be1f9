// Strategies of kinds that are served only when --runtime-config asks for their alpha or beta version: groups of pods,
// questions about device pools, taints of devices, storage versions and migrations, candidates for a lease.
import type { DeviceTaintRule } from '#api/resource/v1beta2.ts';
import type { PodGroup, PodGroupTemplate, Workload } from '#api/scheduling/v1alpha2.ts';
import { rfc3339 } from '#base/clock.ts';
import type { Stored, Strategy } from '../registry/strategy.ts';
import { stampRuleTaint } from './devices.ts';
import { counted, define, keepSpecAndMetadata, withStatus, type Row } from './strategy-table.ts';

const strict: Row = { unconditionalUpdate: false };
const answered: Row = { returnsDeleted: true };
const strictStatus: Row = { subresources: { status: keepSpecAndMetadata } };

/** Fields of TopologyAwareWorkloadScheduling, DRAWorkloadResourceClaims and WorkloadAwarePreemption, which are off. */
const unsupported = ['schedulingConstraints', 'resourceClaims', 'disruptionMode', 'priorityClassName', 'priority'] as const;

function dropTemplateFields(object: Stored): void {
  for (const template of (object as Stored<Workload>).spec?.podGroupTemplates ?? []) {
    const fields: Partial<PodGroupTemplate> = template;
    for (const field of unsupported) delete fields[field];
  }
}

/** The default of a dropped field comes back with the next read. */
function dropGroupFields(object: Stored, mode: string): void {
  const { spec } = object as Stored<PodGroup>;
  if (spec === undefined) return;
  for (const field of unsupported) delete spec[field];
  spec.disruptionMode = mode;
}

function dropClaimStatuses(object: Stored): void {
  const { status } = object as Stored<PodGroup>;
  if (status !== undefined) delete status.resourceClaimStatuses;
}

/** A taint with another effect counts from now on, unless the writer has said since when. */
function stampTaint(object: Stored, old: Stored, nowMs: number): void {
  const [taint, before] = [(object as Stored<DeviceTaintRule>).spec?.taint, (old as Stored<DeviceTaintRule>).spec?.taint];
  if (taint !== undefined && taint.effect !== before?.effect && (taint.timeAdded ?? undefined) === (before?.timeAdded ?? undefined)) taint.timeAdded = rfc3339(nowMs);
  stampRuleTaint(object, nowMs);
}

/** By group, then plural. */
export const optional: Readonly<Record<string, Readonly<Record<string, Strategy>>>> = {
  'scheduling.k8s.io': {
    workloads: define({ prepareCreate: dropTemplateFields, prepareUpdate: dropTemplateFields }),
    podgroups: define(withStatus, {
      prepareCreate: (object) => dropGroupFields(object, 'Pod'),
      prepareUpdate: (object) => dropGroupFields(object, (object as Stored<PodGroup>).spec?.disruptionMode ?? 'Pod'),
      subresources: {
        status: {
          prepare(object, old, context) {
            keepSpecAndMetadata.prepare(object, old, context);
            dropClaimStatuses(object);
          },
        },
      },
    }),
  },
  'resource.k8s.io': {
    devicetaintrules: define(withStatus, strictStatus, counted(), answered, { prepareCreate: (object, { nowMs }) => stampRuleTaint(object, nowMs), prepareUpdate: (object, old, { nowMs }) => stampTaint(object, old, nowMs) }),
    resourcepoolstatusrequests: define(withStatus, strictStatus, strict, answered, { prepareCreate: (object) => void delete object.status }),
  },
  'internal.apiserver.k8s.io': { storageversions: define(withStatus, strictStatus, strict) },
  'storagemigration.k8s.io': { storageversionmigrations: define(withStatus, strictStatus, strict) },
  'coordination.k8s.io': { leasecandidates: define(strict, { createOnUpdate: true }) },
};
