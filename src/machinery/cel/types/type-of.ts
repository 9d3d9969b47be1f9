// The run-time type of a value, and whether a value fits a declared parameter: by its outer type, and for lists and
// maps by their first element, as cel-go decides which overload a dynamic call means.
import {
  boolType, bytesType, doubleType, durationType, intType, listOfDyn, mapOfDyn, nullType, optionalType, dynType, stringType, timestampType, typeType, uintType,
  type CelType,
} from './types.ts';
import { isError, type CelResult, type CelValue } from './values.ts';

const anyType = typeType();
const anyOptional = optionalType(dynType);

export function typeOf(value: CelValue): CelType {
  if (value === null) return nullType;
  switch (typeof value) {
    case 'boolean': return boolType;
    case 'bigint': return intType;
    case 'number': return doubleType;
    case 'string': return stringType;
  }
  switch (value.is) {
    case 'uint': return uintType;
    case 'bytes': return bytesType;
    case 'timestamp': return timestampType;
    case 'duration': return durationType;
    case 'list': return listOfDyn;
    case 'map': return value.type ?? mapOfDyn;
    case 'type': return anyType;
    case 'optional': return anyOptional;
    case 'opaque': return value.type;
  }
}

function first(value: CelResult, param: CelType): boolean {
  return !isError(value) && fits(value, param);
}

/** Whether a value may stand where `param` is declared. */
export function fits(value: CelValue, param: CelType): boolean {
  switch (param.kind) {
    case 'dyn': case 'any': case 'param': return true;
    case 'string': if (typeof value === 'string') return true; break;
    case 'int': if (typeof value === 'bigint') return true; break;
    case 'bool': if (typeof value === 'boolean') return true; break;
    case 'list': {
      if (typeof value !== 'object' || value === null || value.is !== 'list') return false;
      const element = param.params[0];
      return element === undefined || value.size === 0 || first(value.at(0), element);
    }
    case 'map': {
      if (typeof value !== 'object' || value === null || value.is !== 'map') return false;
      const [keyType, valueType] = param.params;
      const key = value.size === 0 ? undefined : value.keys()[0];
      if (key === undefined || keyType === undefined || valueType === undefined) return true;
      const found = value.find(key);
      return fits(key, keyType) && found !== undefined && first(found, valueType);
    }
  }
  if (param.nullable === true && value === null) return true;
  return typeOf(value).name === param.name;
}
