// resource.k8s.io/v1beta1 against v1. In v1beta1 a request names its device class directly where v1 has `exactly`, and
// a device of a slice keeps its facts under `basic` where v1 has them in place; a slice's nodeName and allNodes are
// absent in v1 where v1beta1 writes their zero.
import type { KubeObject } from '../contract.ts';

type Fields = Readonly<Record<string, unknown>>;

const exactFields = ['deviceClassName', 'selectors', 'allocationMode', 'count', 'adminAccess', 'tolerations', 'capacity'] as const;

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function without(value: Fields, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

function picked(value: Fields, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => (value[name] === undefined || value[name] === null ? [] : [[name, value[name]] as const])));
}

/** The value at a path changed; what is not there stays away. `[]` is every item of a list. */
function changed(value: unknown, path: readonly string[], change: (found: Fields) => Fields): unknown {
  const [step, ...rest] = path;
  if (step === '[]') return Array.isArray(value) ? value.map((item: unknown) => changed(item, rest, change)) : value;
  const fields = fieldsOf(value);
  if (fields === undefined) return value;
  if (step === undefined) return change(fields);
  return fields[step] === undefined ? value : { ...fields, [step]: changed(fields[step], rest, change) };
}

function requestToV1(request: Fields): Fields {
  const exact = picked(request, exactFields);
  const isSet = exact['deviceClassName'] !== undefined && exact['deviceClassName'] !== '';
  const others = Object.keys(exact).some((name) => name !== 'deviceClassName');
  const rest = without(request, exactFields);
  return isSet || others ? { ...rest, exactly: { deviceClassName: '', ...exact } } : rest;
}

function requestToBeta(request: Fields): Fields {
  return { deviceClassName: '', ...without(request, ['exactly']), ...fieldsOf(request['exactly']) };
}

function deviceToV1(device: Fields): Fields {
  return { ...without(device, ['basic']), ...fieldsOf(device['basic']) };
}

function deviceToBeta(device: Fields): Fields {
  return { name: device['name'], basic: without(device, ['name']) };
}

function sliceSpecToV1(spec: Fields): Fields {
  const empty = (['nodeName', 'allNodes'] as const).filter((name) => spec[name] === '' || spec[name] === false);
  return changed(without(spec, empty), ['devices', '[]'], deviceToV1) as Fields;
}

function sliceSpecToBeta(spec: Fields): Fields {
  const empty = (['nodeName', 'allNodes'] as const).filter((name) => spec[name] === '' || spec[name] === false);
  return changed(without(spec, empty), ['devices', '[]'], deviceToBeta) as Fields;
}

type Conversion = (object: KubeObject) => KubeObject;

function conversion(apiVersion: string, path: readonly string[], change: (found: Fields) => Fields): Conversion {
  return (object) => ({ ...(changed(object, path, change) as KubeObject), apiVersion });
}

const requests = ['devices', 'requests', '[]'];

/** Between v1beta1 and v1, by the kinds whose shapes differ. */
export const resourceConversions: Readonly<Record<string, Conversion>> = {
  'resource.v1beta1.ResourceClaim>resource.v1.ResourceClaim': conversion('resource.k8s.io/v1', ['spec', ...requests], requestToV1),
  'resource.v1.ResourceClaim>resource.v1beta1.ResourceClaim': conversion('resource.k8s.io/v1beta1', ['spec', ...requests], requestToBeta),
  'resource.v1beta1.ResourceClaimTemplate>resource.v1.ResourceClaimTemplate': conversion('resource.k8s.io/v1', ['spec', 'spec', ...requests], requestToV1),
  'resource.v1.ResourceClaimTemplate>resource.v1beta1.ResourceClaimTemplate': conversion('resource.k8s.io/v1beta1', ['spec', 'spec', ...requests], requestToBeta),
  'resource.v1beta1.ResourceSlice>resource.v1.ResourceSlice': conversion('resource.k8s.io/v1', ['spec'], sliceSpecToV1),
  'resource.v1.ResourceSlice>resource.v1beta1.ResourceSlice': conversion('resource.k8s.io/v1beta1', ['spec'], sliceSpecToBeta),
};
