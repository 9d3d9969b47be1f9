// The one schema source at run time. Every type of the API is a row set in a `*.fields.ts` table; this
// file parses a type's rows the first time somebody asks for it, so that start-up pays only for what is
// used. Decoding, defaulting, pruning, patches, apply, OpenAPI and the protobuf codec all read `TypeSchema`.
import { fields as admissionV1 } from './admission/v1.fields.ts';
import { fields as admissionV1beta1 } from './admission/v1beta1.fields.ts';
import { fields as admissionregistrationV1 } from './admissionregistration/v1.fields.ts';
import { fields as admissionregistrationV1alpha1 } from './admissionregistration/v1alpha1.fields.ts';
import { fields as admissionregistrationV1beta1 } from './admissionregistration/v1beta1.fields.ts';
import { fields as apidiscoveryV2 } from './apidiscovery/v2.fields.ts';
import { fields as apidiscoveryV2beta1 } from './apidiscovery/v2beta1.fields.ts';
import { fields as apiextensionsV1 } from './apiextensions/v1.fields.ts';
import { fields as apiextensionsV1beta1 } from './apiextensions/v1beta1.fields.ts';
import { fields as apiregistrationV1 } from './apiregistration/v1.fields.ts';
import { fields as apiserverV1 } from './apiserver/v1.fields.ts';
import { fields as apiserverV1alpha1 } from './apiserver/v1alpha1.fields.ts';
import { fields as apiserverV1beta1 } from './apiserver/v1beta1.fields.ts';
import { fields as apiserverinternalV1alpha1 } from './apiserverinternal/v1alpha1.fields.ts';
import { fields as appsV1 } from './apps/v1.fields.ts';
import { fields as auditV1 } from './audit/v1.fields.ts';
import { fields as authenticationV1 } from './authentication/v1.fields.ts';
import { fields as authenticationV1beta1 } from './authentication/v1beta1.fields.ts';
import { fields as authorizationV1 } from './authorization/v1.fields.ts';
import { fields as authorizationV1beta1 } from './authorization/v1beta1.fields.ts';
import { fields as autoscalingV1 } from './autoscaling/v1.fields.ts';
import { fields as autoscalingV2 } from './autoscaling/v2.fields.ts';
import { fields as batchV1 } from './batch/v1.fields.ts';
import { fields as certificatesV1 } from './certificates/v1.fields.ts';
import { fields as certificatesV1alpha1 } from './certificates/v1alpha1.fields.ts';
import { fields as certificatesV1beta1 } from './certificates/v1beta1.fields.ts';
import { fields as clientauthenticationV1 } from './clientauthentication/v1.fields.ts';
import { fields as clientauthenticationV1beta1 } from './clientauthentication/v1beta1.fields.ts';
import { fields as coordinationV1 } from './coordination/v1.fields.ts';
import { fields as coordinationV1alpha2 } from './coordination/v1alpha2.fields.ts';
import { fields as coordinationV1beta1 } from './coordination/v1beta1.fields.ts';
import { fields as coreV1 } from './core/v1.fields.ts';
import { fields as discoveryV1 } from './discovery/v1.fields.ts';
import { fields as eventratelimitV1alpha1 } from './eventratelimit/v1alpha1.fields.ts';
import { fields as eventsV1 } from './events/v1.fields.ts';
import { fields as flowcontrolV1 } from './flowcontrol/v1.fields.ts';
import { fields as imagepolicyV1alpha1 } from './imagepolicy/v1alpha1.fields.ts';
import { fields as metaV1 } from './meta/v1.fields.ts';
import { fields as networkingV1 } from './networking/v1.fields.ts';
import { fields as networkingV1beta1 } from './networking/v1beta1.fields.ts';
import { fields as nodeV1 } from './node/v1.fields.ts';
import { fields as podsecurityV1 } from './podsecurity/v1.fields.ts';
import { fields as policyV1 } from './policy/v1.fields.ts';
import { fields as policyV1beta1 } from './policy/v1beta1.fields.ts';
import { fields as rbacV1 } from './rbac/v1.fields.ts';
import { fields as resourceV1 } from './resource/v1.fields.ts';
import { fields as resourceV1alpha3 } from './resource/v1alpha3.fields.ts';
import { fields as resourceV1beta1 } from './resource/v1beta1.fields.ts';
import { fields as resourceV1beta2 } from './resource/v1beta2.fields.ts';
import { fields as schedulingV1 } from './scheduling/v1.fields.ts';
import { fields as schedulingV1alpha2 } from './scheduling/v1alpha2.fields.ts';
import { fields as storageV1 } from './storage/v1.fields.ts';
import { fields as storageV1beta1 } from './storage/v1beta1.fields.ts';
import { fields as storagemigrationV1beta1 } from './storagemigration/v1beta1.fields.ts';

/** Field tables by "package.version", in the order in which documents list them. */
export const tables: Readonly<Record<string, string>> = {
  'admission.v1': admissionV1,
  'admission.v1beta1': admissionV1beta1,
  'admissionregistration.v1': admissionregistrationV1,
  'admissionregistration.v1alpha1': admissionregistrationV1alpha1,
  'admissionregistration.v1beta1': admissionregistrationV1beta1,
  'apidiscovery.v2': apidiscoveryV2,
  'apidiscovery.v2beta1': apidiscoveryV2beta1,
  'apiextensions.v1': apiextensionsV1,
  'apiextensions.v1beta1': apiextensionsV1beta1,
  'apiregistration.v1': apiregistrationV1,
  'apiserver.v1': apiserverV1,
  'apiserver.v1alpha1': apiserverV1alpha1,
  'apiserver.v1beta1': apiserverV1beta1,
  'apiserverinternal.v1alpha1': apiserverinternalV1alpha1,
  'apps.v1': appsV1,
  'audit.v1': auditV1,
  'authentication.v1': authenticationV1,
  'authentication.v1beta1': authenticationV1beta1,
  'authorization.v1': authorizationV1,
  'authorization.v1beta1': authorizationV1beta1,
  'autoscaling.v1': autoscalingV1,
  'autoscaling.v2': autoscalingV2,
  'batch.v1': batchV1,
  'certificates.v1': certificatesV1,
  'certificates.v1alpha1': certificatesV1alpha1,
  'certificates.v1beta1': certificatesV1beta1,
  'clientauthentication.v1': clientauthenticationV1,
  'clientauthentication.v1beta1': clientauthenticationV1beta1,
  'coordination.v1': coordinationV1,
  'coordination.v1alpha2': coordinationV1alpha2,
  'coordination.v1beta1': coordinationV1beta1,
  'core.v1': coreV1,
  'discovery.v1': discoveryV1,
  'eventratelimit.v1alpha1': eventratelimitV1alpha1,
  'events.v1': eventsV1,
  'flowcontrol.v1': flowcontrolV1,
  'imagepolicy.v1alpha1': imagepolicyV1alpha1,
  'meta.v1': metaV1,
  'networking.v1': networkingV1,
  'networking.v1beta1': networkingV1beta1,
  'node.v1': nodeV1,
  'podsecurity.v1': podsecurityV1,
  'policy.v1': policyV1,
  'policy.v1beta1': policyV1beta1,
  'rbac.v1': rbacV1,
  'resource.v1': resourceV1,
  'resource.v1alpha3': resourceV1alpha3,
  'resource.v1beta1': resourceV1beta1,
  'resource.v1beta2': resourceV1beta2,
  'scheduling.v1': schedulingV1,
  'scheduling.v1alpha2': schedulingV1alpha2,
  'storage.v1': storageV1,
  'storage.v1beta1': storageV1beta1,
  'storagemigration.v1beta1': storagemigrationV1beta1,
};

/** Leaf types. Everything else is a message: "core.v1.PodSpec". */
export type Scalar =
  | 'string' | 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'double' | 'bytes'
  | 'time' | 'microTime' | 'duration' | 'quantity' | 'intOrString' | 'rawExtension' | 'fieldsV1';

export interface FieldSchema {
  readonly name: string;
  /** Protobuf number; `[outer, inner]` where upstream embeds a message that JSON inlines (Volume, Probe). */
  readonly number: readonly number[];
  /** A Scalar or the name of a message, of the value, the list's item or the map's value. */
  readonly type: string;
  /** 'listMap' is a map whose values are lists (`map[string][]string`). */
  readonly shape: 'one' | 'list' | 'map' | 'listMap';
  /** An explicit zero is told apart from absence (a Go pointer). */
  readonly nullable: boolean;
  /** Encoded even when empty (no omitempty): `status: {}`, `name: ""`, `containers: null`. */
  readonly always: boolean;
  readonly required: boolean;
  /** Server-side apply: how a list is merged ('atomic' when nothing is said), or a map or struct taken whole. */
  readonly listType: 'atomic' | 'set' | 'map' | undefined;
  readonly listKeys: readonly string[];
  /** Strategic merge. */
  readonly patchMergeKey: string | undefined;
  readonly patchMerge: boolean;
  readonly patchRetainKeys: boolean;
  /** Strategic merge takes the value whole (`replace`), which OpenAPI tells. */
  readonly patchReplace: boolean;
  /** OpenAPI tells that the map's entries are owned one by one, which maps are anyway. */
  readonly granular: boolean;
  /** The values that OpenAPI tells; of a list, its items'. */
  readonly enum: readonly string[];
  /** The declared static default as JSON; defaults that need thought live in machinery/defaults. */
  readonly default: unknown;
}

/** Fields of which one is meant, as OpenAPI tells it. */
export interface UnionSchema {
  readonly discriminator: string | undefined;
  /** JSON name → the discriminator's value for it. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface TypeSchema {
  /** "core.v1.Pod" */
  readonly name: string;
  /** Carries apiVersion and kind. */
  readonly isObject: boolean;
  /** Server-side apply takes the struct whole (SecretKeySelector). */
  readonly atomic: boolean;
  readonly unions: readonly UnionSchema[];
  readonly fields: readonly FieldSchema[];
  readonly byName: ReadonlyMap<string, FieldSchema>;
}

const scalars: ReadonlySet<string> = new Set<Scalar>([
  'string', 'bool', 'int32', 'int64', 'uint32', 'uint64', 'double', 'bytes',
  'time', 'microTime', 'duration', 'quantity', 'intOrString', 'rawExtension', 'fieldsV1',
]);

export function isScalar(type: string): type is Scalar {
  return scalars.has(type);
}

const noValues: readonly string[] = [];
const blocks = new Map<string, string>();
const parsed = new Map<string, TypeSchema>();

function loadBlocks(pkg: string): void {
  const table = tables[pkg];
  if (table === undefined) return;
  for (const block of table.trim().split('\n\n')) {
    const end = block.search(/[ \n]|$/);
    blocks.set(`${pkg}.${block.slice(0, end)}`, block);
  }
}

/** The names of all types of a package ("core.v1"). */
export function typeNames(pkg: string): string[] {
  const names: string[] = [];
  for (const block of (tables[pkg] ?? '').trim().split('\n\n')) names.push(block.slice(0, block.search(/[ \n]|$/)));
  return names;
}

/** The schema of a message, or undefined if the API has no such type. */
export function findType(name: string): TypeSchema | undefined {
  const known = parsed.get(name);
  if (known !== undefined) return known;
  if (!blocks.has(name)) {
    const pkg = name.slice(0, name.lastIndexOf('.'));
    if (!blocks.has(`${pkg}.`)) {
      blocks.set(`${pkg}.`, '');
      loadBlocks(pkg);
    }
  }
  const block = blocks.get(name) ?? listBlock(name);
  if (block === undefined) return undefined;
  const schema = parseType(name, block);
  parsed.set(name, schema);
  return schema;
}

/** The schema of a message that must exist. */
export function typeOf(name: string): TypeSchema {
  const schema = findType(name);
  if (schema === undefined) throw new Error(`api: no type ${name}`);
  return schema;
}

/** PodList follows from Pod: every list has the same two fields. */
function listBlock(name: string): string | undefined {
  if (!name.endsWith('List')) return undefined;
  const item = name.slice(0, -'List'.length);
  if (blocks.get(item)?.split('\n', 1)[0]?.includes(' object') !== true) return undefined;
  return `${name.slice(name.lastIndexOf('.') + 1)} object\n  metadata 1 meta.v1.ListMeta !\n  items 2 list[${item}] ! required`;
}

function parseType(name: string, block: string): TypeSchema {
  const [head, ...rows] = block.split('\n');
  const flags = (head ?? '').split(' ').slice(1);
  const fields = rows.map((row) => parseField(name, row.trim()));
  return {
    name,
    isObject: flags.includes('object'),
    atomic: flags.includes('atomic'),
    unions: flags.filter((flag) => flag.startsWith('union(')).map(parseUnion),
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
  };
}

/** "union(type:localhostProfile=LocalhostProfile)" */
function parseUnion(flag: string): UnionSchema {
  const [discriminator = '', fields = ''] = flag.slice('union('.length, -1).split(':');
  const pairs = fields === '' ? [] : fields.split(',').map((pair) => pair.split('='));
  return { discriminator: discriminator === '' ? undefined : discriminator, fields: Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value])) };
}

function parseField(owner: string, row: string): FieldSchema {
  const defaultAt = row.indexOf(' =');
  const text = defaultAt < 0 ? row : row.slice(0, defaultAt);
  const [name, number, type, ...flags] = text.split(' ');
  if (name === undefined || number === undefined || type === undefined) throw new Error(`api: bad row in ${owner}: ${row}`);
  const [shape, item] = parseShape(type);
  const argument = (flag: string): string | undefined =>
    flags.find((f) => f.startsWith(`${flag}(`))?.slice(flag.length + 1, -1);
  const keys = argument('keys');
  const values = argument('enum');
  return {
    name,
    number: number === '-' ? [] : number.split('.').map(Number),
    type: item,
    shape,
    nullable: flags.includes('*'),
    always: flags.includes('!'),
    required: flags.includes('required'),
    listType: keys !== undefined ? 'map' : flags.includes('set') ? 'set' : flags.includes('atomic') ? 'atomic' : undefined,
    listKeys: keys?.split(',') ?? [],
    patchMergeKey: argument('merge'),
    patchMerge: flags.includes('merge') || argument('merge') !== undefined,
    patchRetainKeys: flags.includes('retainKeys'),
    patchReplace: flags.includes('replace'),
    granular: flags.includes('granular'),
    enum: values?.split(',').map((value) => (value === '""' ? '' : value.replaceAll('~', ' '))) ?? noValues,
    default: defaultAt < 0 ? undefined : (JSON.parse(row.slice(defaultAt + 2)) as unknown),
  };
}

function parseShape(type: string): [FieldSchema['shape'], string] {
  if (type.startsWith('map[list[')) return ['listMap', type.slice(9, -2)];
  if (type.startsWith('map[')) return ['map', type.slice(4, -1)];
  if (type.startsWith('list[')) return ['list', type.slice(5, -1)];
  return ['one', type];
}
