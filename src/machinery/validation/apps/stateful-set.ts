// StatefulSets (pkg/apis/apps/validation).
import type { StatefulSet, StatefulSetSpec } from '#api/apps/v1.ts';
import type { PodTemplateSpec, Volume } from '#api/core/v1.ts';
import { addAll, child, forbiddenField, index, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsLabel } from '../../names.ts';
import { checkLabel1123 } from '../core/fields.ts';
import { checkClaimSpec } from '../core/persistent-volume-claim-spec.ts';
import { checkPodAnnotations } from '../core/pod-annotations.ts';
import { checkAlwaysRestarting, checkPodTemplate, checkRequiredSelector, checkSelectorFits } from '../core/pod-template.ts';
import { goStruct } from '../go-struct.ts';
import { nonNegative, sameValue, validateAnnotations, validateLabels } from '../meta/object-meta.ts';
import { standard } from '../validator.ts';
import { checkAtMost100Percent, checkCollisions, checkCounters, checkIntOrPercent, checkWithinReplicas, intOrPercentValue } from './shared.ts';

interface Tolerance {
  /** Immutable parts that an update keeps are not checked again. */
  readonly isUpdate: boolean;
  readonly skipTemplate: boolean;
}

function checkUpdateStrategy(spec: StatefulSetSpec | undefined, path: string): FieldError[] {
  const strategy = spec?.updateStrategy ?? {};
  const rolling = strategy.rollingUpdate ?? undefined;
  const at = child(path, 'updateStrategy');
  switch (strategy.type ?? '') {
    case '':
      return [required(at, '')];
    case 'OnDelete':
      return rolling === undefined ? [] : [invalidValue(child(at, 'rollingUpdate'), goStruct('apps.v1.RollingUpdateStatefulSetStrategy', rolling), "only allowed for updateStrategy 'RollingUpdate'")];
    case 'RollingUpdate': {
      if (rolling === undefined) return [];
      const unavailablePath = child(at, 'rollingUpdate', 'maxUnavailable');
      const errors = nonNegative(rolling.partition ?? 0, child(at, 'rollingUpdate', 'partition'));
      const unavailable = rolling.maxUnavailable ?? undefined;
      if (unavailable === undefined) return errors;
      addAll(errors, checkIntOrPercent(unavailable, unavailablePath));
      if (intOrPercentValue(unavailable) === 0) errors.push(invalidValue(unavailablePath, unavailable, 'cannot be 0'));
      return [...errors, ...checkAtMost100Percent(unavailable, unavailablePath)];
    }
    default:
      return [invalidValue(at, goStruct('apps.v1.StatefulSetUpdateStrategy', strategy), "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

/** The template as its pods will be: with the claims' volumes, without the names the controller sets. */
function templateWithClaims(spec: StatefulSetSpec | undefined): PodTemplateSpec {
  const podSpec = spec?.template?.spec ?? { containers: [] };
  const names = new Set((spec?.volumeClaimTemplates ?? []).map((claim) => claim.metadata?.name ?? ''));
  const claimed = [...names].map((name): Volume => ({ name, persistentVolumeClaim: { claimName: name } }));
  const volumes = names.size === 0 ? podSpec.volumes : [...claimed, ...(podSpec.volumes ?? []).filter((volume) => !names.has(volume.name))];
  return { ...spec?.template, spec: { ...podSpec, subdomain: undefined, hostname: undefined, volumes } };
}

function checkSpec(spec: StatefulSetSpec | undefined, path: string, tolerance: Tolerance, old?: StatefulSetSpec): FieldError[] {
  const errors: FieldError[] = [];
  const management = spec?.podManagementPolicy ?? '';
  const managementPath = child(path, 'podManagementPolicy');
  if (management === '') errors.push(required(managementPath, ''));
  else if (management !== 'OrderedReady' && management !== 'Parallel') errors.push(invalidValue(managementPath, management, "must be 'OrderedReady' or 'Parallel'"));
  addAll(errors, checkUpdateStrategy(spec, path));
  const retention = spec?.persistentVolumeClaimRetentionPolicy;
  if (retention) {
    for (const field of ['whenDeleted', 'whenScaled'] as const) {
      const policy = retention[field] ?? '';
      const at = child(path, 'persistentVolumeClaimRetentionPolicy', field);
      if (policy !== 'Retain' && policy !== 'Delete') errors.push(notSupported(at, policy, ['Retain', 'Delete']));
    }
  }
  if (!tolerance.isUpdate) {
    for (const [i, claim] of (spec?.volumeClaimTemplates ?? []).entries()) {
      addAll(errors, checkClaimSpec(claim.spec, child(index(child(path, 'volumeClaimTemplates'), i), 'spec')));
    }
  }
  errors.push(...nonNegative(spec?.replicas ?? 0, child(path, 'replicas')), ...nonNegative(spec?.minReadySeconds ?? 0, child(path, 'minReadySeconds')));
  addAll(errors, nonNegative(spec?.ordinals?.start ?? 0, child(path, 'ordinals.start')));
  if (!tolerance.isUpdate && spec?.serviceName) addAll(errors, checkLabel1123(spec.serviceName, child(path, 'serviceName')));
  addAll(errors, checkRequiredSelector(spec?.selector, child(path, 'selector'), 'empty selector is invalid for statefulset'));
  const template = templateWithClaims(spec);
  const at = child(path, 'template');
  addAll(errors, checkSelectorFits(spec?.selector, template, at));
  if (!tolerance.skipTemplate) addAll(errors, checkPodTemplate(template, at, old?.template));
  const annotations = template.metadata?.annotations;
  errors.push(...validateLabels(template.metadata?.labels, child(at, 'labels')), ...validateAnnotations(annotations, child(at, 'annotations')));
  addAll(errors, checkPodAnnotations(annotations, template.spec ?? { containers: [] }, child(at, 'annotations')));
  return [...errors, ...checkAlwaysRestarting(spec?.template, at, 'StatefulSet')];
}

const mutable = ['replicas', 'template', 'updateStrategy', 'minReadySeconds', 'ordinals', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy'] as const;

function withoutMutable(spec: StatefulSetSpec | undefined): Partial<StatefulSetSpec> {
  const rest: Partial<StatefulSetSpec> = { ...spec };
  for (const field of mutable) delete rest[field];
  return rest;
}

export const statefulSet = standard<StatefulSet>({
  namespaced: true,
  name: nameIsLabel,
  spec: (object) => checkSpec(object.spec, 'spec', { isUpdate: false, skipTemplate: false }),
  update: (object, old) => {
    const skipTemplate = checkSpec(old.spec, '', { isUpdate: true, skipTemplate: false }, old.spec).length > 0;
    const errors = checkSpec(object.spec, 'spec', { isUpdate: true, skipTemplate }, old.spec);
    if (!sameValue(withoutMutable(object.spec), withoutMutable(old.spec))) {
      errors.push(
        forbiddenField('spec', "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"),
      );
    }
    return errors;
  },
  status: (object, old) => [
    ...checkCounters(object.status ?? {}, ['replicas', 'readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas', 'observedGeneration', 'collisionCount']),
    ...checkWithinReplicas(object.status ?? {}, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'], 'status.readyReplicas'),
    ...checkCollisions(object.status?.collisionCount, old.status?.collisionCount),
  ],
});
