// The small kinds of core/v1.
import { standard, type Validator } from '../validator.ts';
import { nameIsSubdomain } from '../../names.ts';

export const coreKinds: Readonly<Record<string, Validator>> = {
  'core.v1.PersistentVolumeClaim': standard({ namespaced: true, name: nameIsSubdomain }),
};
