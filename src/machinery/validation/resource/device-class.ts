// DeviceClasses: selectors and configuration that administrators prepare for claims.
import type { DeviceClass } from '#api/resource/v1.ts';
import { invalidValue, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { isExtendedResource } from '../core/resources.ts';
import { sameValue } from '../meta/object-meta.ts';
import { checkMeta, checkMetaUpdate, kind } from '../validator.ts';
import { checkSelectors } from './device-selector.ts';
import { checkOpaque } from './device-taint.ts';
import { checkList } from './names.ts';

const mostConfigs = 32;

function checkSpec(object: DeviceClass, old?: DeviceClass): FieldError[] {
  const { selectors, config, extendedResourceName: name } = object.spec ?? {};
  const stored = old !== undefined && sameValue(config, old.spec?.config);
  const errors = [
    ...checkSelectors(selectors, 'spec.selectors'),
    ...checkList(config, mostConfigs, (item, at) => checkOpaque(item, at, stored), 'spec.config'),
  ];
  if (typeof name === 'string' && !isExtendedResource(name)) errors.push(invalidValue('spec.extendedResourceName', name, 'must be a valid extended resource name'));
  return errors;
}

export const deviceClass = kind<DeviceClass>({
  create: (object) => [...checkMeta(object.metadata, false, nameIsSubdomain), ...checkSpec(object)],
  update: (object, old) => [...checkMeta(object.metadata, false, nameIsSubdomain), ...checkMetaUpdate(object.metadata, old.metadata), ...checkSpec(object, old)],
});
