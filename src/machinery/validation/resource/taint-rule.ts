// DeviceTaintRules: a taint for all devices that a selector picks.
import type { DeviceTaintRule } from '#api/resource/v1beta2.ts';
import { addAll, tooMany, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkLabel1123 } from '../core/fields.ts';
import { validateConditions } from '../meta/conditions.ts';
import { standard } from '../validator.ts';
import { checkDeviceTaint } from './device-taint.ts';
import { checkDriverName, checkPoolName } from './names.ts';

const mostConditions = 8;

function checkRule(object: DeviceTaintRule, old?: DeviceTaintRule): FieldError[] {
  const errors: FieldError[] = [];
  const { deviceSelector: selector, taint } = object.spec ?? {};
  if (typeof selector?.driver === 'string') addAll(errors, checkDriverName(selector.driver, 'spec.deviceSelector.driver'));
  if (typeof selector?.pool === 'string') addAll(errors, checkPoolName(selector.pool, 'spec.deviceSelector.pool'));
  if (typeof selector?.device === 'string') addAll(errors, checkLabel1123(selector.device, 'spec.deviceSelector.device'));
  const kept = old !== undefined && (old.spec?.taint?.effect ?? '') === (taint?.effect ?? '');
  const found = checkDeviceTaint(taint ?? { key: '', effect: '' }, 'spec.taint');
  return [...errors, ...found.filter((error) => !kept || error.field !== 'spec.taint.effect')];
}

export const deviceTaintRule = standard<DeviceTaintRule>({
  namespaced: false,
  name: nameIsSubdomain,
  spec: (object) => checkRule(object),
  update: checkRule,
  status: (object) => {
    const conditions = object.status?.conditions ?? [];
    const errors = validateConditions(conditions, 'status.conditions');
    return conditions.length > mostConditions ? [...errors, tooMany('status.conditions', conditions.length, mostConditions)] : errors;
  },
});
