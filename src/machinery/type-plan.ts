// What the walkers (wire-read.ts, defaults, protobuf) need of a type, worked out once: each field's kind as a
// small word, its zero value, and the plan of the message it holds. The four apiextensions types that JSON
// spells as unions have no rows in the tables; here they become kinds of their own.
import { findType, isScalar, typeOf, type FieldSchema, type TypeSchema } from '#api/schema.ts';

export type ValueKind =
  | 'string' | 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'double' | 'bytes' | 'time' | 'microTime' | 'duration'
  | 'quantity' | 'intOrString' | 'rawExtension' | 'fieldsV1' | 'message'
  /** Any JSON (apiextensions JSON). */
  | 'json'
  /** A schema or a list of schemas, a boolean, a list of strings. */
  | 'schemaOrArray' | 'schemaOrBool' | 'schemaOrStringArray';

export interface FieldPlan {
  /** Its place among the type's fields. */
  readonly at: number;
  readonly name: string;
  readonly shape: FieldSchema['shape'];
  readonly kind: ValueKind;
  readonly always: boolean;
  readonly nullable: boolean;
  /** The schema name of a message's type. */
  readonly type: string;
  readonly schema: FieldSchema;
}

export interface TypePlan {
  /** "core.v1.Pod" */
  readonly name: string;
  /** "Pod" */
  readonly shortName: string;
  /** "v1.Pod", as Go prints it. */
  readonly goName: string;
  readonly isObject: boolean;
  /** Empty lists that are always written stay `[]`; elsewhere the protobuf form of storage turns them to null. */
  readonly keepsEmpty: boolean;
  readonly fields: readonly FieldPlan[];
  /** How many of them are always written. */
  readonly alwaysCount: number;
  readonly byName: ReadonlyMap<string, FieldPlan>;
  /** Unknown members stay: nothing is known of the type's inside. */
  readonly schema: TypeSchema;
}

const special: Readonly<Record<string, ValueKind>> = {
  'apiextensions.v1.JSON': 'json',
  'apiextensions.v1.JSONSchemaPropsOrArray': 'schemaOrArray',
  'apiextensions.v1.JSONSchemaPropsOrBool': 'schemaOrBool',
  'apiextensions.v1.JSONSchemaPropsOrStringArray': 'schemaOrStringArray',
};

const plans = new Map<string, TypePlan>();

/** The plan of a type that must exist. */
export function planOf(type: string): TypePlan {
  const known = plans.get(type);
  if (known !== undefined) return known;
  const plan = buildPlan(typeOf(type));
  plans.set(type, plan);
  return plan;
}

/** True if the tables have the type. */
export function isType(type: string): boolean {
  return findType(type) !== undefined;
}

function buildPlan(schema: TypeSchema): TypePlan {
  const [pkg = '', version = '', shortName = ''] = schema.name.split('.');
  const fields = schema.fields.map((field, at): FieldPlan => ({
    at,
    name: field.name,
    shape: field.shape,
    kind: kindOf(field.type),
    always: field.always,
    nullable: field.nullable,
    type: field.type,
    schema: field,
  }));
  return {
    name: schema.name,
    shortName,
    goName: `${version}.${shortName}`,
    isObject: schema.isObject,
    keepsEmpty: pkg === 'apiextensions' || pkg === 'apiregistration',
    fields,
    alwaysCount: fields.filter((field) => field.always).length,
    byName: new Map(fields.map((field) => [field.name, field])),
    schema,
  };
}

function kindOf(type: string): ValueKind {
  return isScalar(type) ? type : (special[type] ?? 'message');
}

const goScalars: Readonly<Partial<Record<ValueKind, string>>> = {
  double: 'float64', bytes: '[]uint8', time: 'v1.Time', microTime: 'v1.MicroTime', quantity: 'resource.Quantity',
  intOrString: 'intstr.IntOrString', rawExtension: 'runtime.RawExtension', fieldsV1: 'v1.FieldsV1', json: 'v1.JSON',
  schemaOrArray: 'v1.JSONSchemaPropsOrArray', schemaOrBool: 'v1.JSONSchemaPropsOrBool', schemaOrStringArray: 'v1.JSONSchemaPropsOrStringArray',
};

/** What Go embeds in a struct, and JSON and these tables take for its own. */
const embedded: Readonly<Record<string, readonly string[]>> = {
  ConfigMapEnvSource: ['LocalObjectReference'], ConfigMapKeySelector: ['LocalObjectReference'], ConfigMapProjection: ['LocalObjectReference'], ConfigMapVolumeSource: ['LocalObjectReference'],
  DeviceAllocationConfiguration: ['DeviceConfiguration'], DeviceClaimConfiguration: ['DeviceConfiguration'], DeviceClassConfiguration: ['DeviceConfiguration'],
  EphemeralContainer: ['EphemeralContainerCommon'], IngressRule: ['IngressRuleValue'], NamedRuleWithOperations: ['RuleWithOperations', 'Rule'], PersistentVolumeSpec: ['PersistentVolumeSource'],
  Probe: ['ProbeHandler'], RuleWithOperations: ['Rule'], SecretEnvSource: ['LocalObjectReference'], SecretKeySelector: ['LocalObjectReference'], SecretProjection: ['LocalObjectReference'],
  Volume: ['VolumeSource'],
};

/** The embedded structs through which Go reaches a field: its protobuf number says how many there are. */
export function embeddedIn(plan: TypePlan, { schema }: FieldPlan): readonly string[] {
  return schema.number.length < 2 ? [] : (embedded[plan.shortName] ?? []).slice(0, schema.number.length - 1);
}

/** The field's value (or its item, where `item`) as Go names the type: "[]v1.Container", "map[string]string". */
export function goTypeOf(field: FieldPlan, item = false): string {
  const name = field.kind === 'message' ? planOf(field.type).goName : (goScalars[field.kind] ?? field.kind);
  if (item || field.shape === 'one') return name;
  if (field.shape === 'list') return `[]${name}`;
  if (field.shape === 'listMap') return `map[string][]${name}`;
  return field.kind === 'quantity' ? 'v1.ResourceList' : `map[string]${name}`;
}
