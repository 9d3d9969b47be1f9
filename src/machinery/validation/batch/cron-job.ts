// CronJobs: the schedule, its time zone, and the Job they make.
import type { CronJob, CronJobSpec } from '#api/batch/v1.ts';
import { addAll, child, invalidValue, notSupported, required, type FieldError } from '../../field-errors.ts';
import { nameIsSubdomain } from '../../names.ts';
import { checkRequiredEnum } from '../core/fields.ts';
import { nonNegative } from '../meta/object-meta.ts';
import { checkMeta, checkMetaUpdate, kind } from '../validator.ts';
import { cronError, isTimeZone } from './cron-syntax.ts';
import { checkJobSpec } from './job.ts';

const longestName = 52;

function checkSchedule(spec: CronJobSpec, old: CronJobSpec | undefined): FieldError[] {
  const { schedule } = spec;
  const path = 'spec.schedule';
  if (!schedule) return [required(path, '')];
  const errors: FieldError[] = [];
  const error = cronError(schedule);
  if (error !== undefined) errors.push(invalidValue(path, schedule, error));
  if (!schedule.includes('TZ')) return errors;
  if (old?.schedule.includes('TZ') !== true) {
    errors.push(invalidValue(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  } else if (spec.timeZone !== undefined && spec.timeZone !== null) {
    errors.push(invalidValue(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
  }
  return errors;
}

function checkTimeZone(zone: string): FieldError[] {
  const refuse = (detail: string): FieldError[] => [invalidValue('spec.timeZone', zone, detail)];
  if (zone === '') return refuse('timeZone must be nil or non-empty string');
  const unknown = refuse(`unknown time zone ${zone}`);
  if (zone.split('/').some((part) => part === '.' || part === '..' || part.startsWith('-') || !/^[A-Za-z.\-_0-9+]{1,14}$/.test(part))) return unknown;
  if (zone.toLowerCase() === 'local') {
    const local = refuse('timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones');
    return zone === 'Local' ? local : [...local, ...unknown];
  }
  return isTimeZone(zone) ? [] : unknown;
}

function checkSpec(spec: CronJobSpec, old?: CronJobSpec): FieldError[] {
  const errors = checkSchedule(spec, old);
  const count = (field: 'startingDeadlineSeconds' | 'successfulJobsHistoryLimit' | 'failedJobsHistoryLimit'): void => {
    const value = spec[field];
    if (value !== undefined && value !== null) addAll(errors, nonNegative(value, child('spec', field)));
  };
  count('startingDeadlineSeconds');
  const zone = spec.timeZone ?? undefined;
  if (zone !== undefined && zone !== old?.timeZone) addAll(errors, checkTimeZone(zone));
  addAll(errors, checkRequiredEnum(spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy'));
  const template = spec.jobTemplate?.spec;
  const path = 'spec.jobTemplate.spec';
  addAll(errors, checkJobSpec(template, path, old?.jobTemplate?.spec));
  if (template?.selector) errors.push(invalidValue(child(path, 'selector'), template.selector, '`selector` will be auto-generated'));
  if (template?.manualSelector === true) errors.push(notSupported(child(path, 'manualSelector'), true, ['nil', 'false']));
  count('successfulJobsHistoryLimit');
  count('failedJobsHistoryLimit');
  return errors;
}

function checkCreate(object: CronJob): FieldError[] {
  const errors = [...checkMeta(object.metadata, true, nameIsSubdomain), ...checkSpec(object.spec)];
  const name = object.metadata?.name ?? '';
  if (name.length > longestName) errors.push(invalidValue('metadata.name', name, `must be no more than ${longestName} characters`));
  return errors;
}

export const cronJob = kind<CronJob>({
  create: checkCreate,
  update: (object, old) => [...checkMetaUpdate(object.metadata, old.metadata), ...checkSpec(object.spec, old.spec)],
});
