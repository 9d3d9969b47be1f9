// Request bodies: what is taken, what is refused and in which words, in JSON and YAML.
import { expect, test } from 'vitest';
import { systemClock } from '#base/clock.ts';
import { decodePatched } from './decode-patched.ts';
import { decodeObject } from './decode.ts';
import { stringifyJson } from './json.ts';
import { normalize } from './normalize.ts';
import { StatusError } from './status.ts';

const pod = (spec: string): Buffer => Buffer.from(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":${spec}}`);

function refusal(run: () => unknown): { code: number; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

test('unknown and duplicate fields are refused, warned of or ignored', () => {
  const body = pod('{"containers":[{"name":"c","foo":1}],"nodeName":"x","nodeName":"y","bar":{"a":1,"a":2},"hostname":"h","hostname":"i"}');
  const type = 'core.v1.Pod';
  expect(refusal(() => decodeObject(body, { type, fieldValidation: 'Strict' }))).toEqual({
    code: 400,
    message: 'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].foo", duplicate field "spec.nodeName", unknown field "spec.bar", duplicate field "spec.hostname"',
  });
  const warned = decodeObject(body, { type });
  expect(warned.warnings).toEqual(['unknown field "spec.containers[0].foo"', 'duplicate field "spec.nodeName"', 'unknown field "spec.bar"', 'duplicate field "spec.hostname"']);
  expect(warned.object['spec']).toEqual({ containers: [{ name: 'c', resources: {} }], hostname: 'i', nodeName: 'y' });
  expect(decodeObject(body, { type, fieldValidation: 'Ignore' }).warnings).toEqual([]);
});

test.each([
  ['{"containers":"x"}', 'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container'],
  ['{"containers":[1]}', 'json: cannot unmarshal number into Go struct field PodSpec.spec.containers of type v1.Container'],
  ['{"containers":[{"name":1}]}', 'json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string'],
  ['{"containers":[{"command":[1]}]}', 'json: cannot unmarshal number into Go struct field Container.spec.containers.command of type string'],
  ['{"priority":1.5}', 'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32'],
  ['{"nodeSelector":{"a":1}}', 'json: cannot unmarshal number into Go struct field PodSpec.spec.nodeSelector of type string'],
  ['{"nodeSelector":[]}', 'json: cannot unmarshal array into Go struct field PodSpec.spec.nodeSelector of type map[string]string'],
  ['{"volumes":[{"hostPath":"/x"}]}', 'json: cannot unmarshal string into Go struct field Volume.spec.volumes.VolumeSource.hostPath of type v1.HostPathVolumeSource'],
  ['{"containers":[{"livenessProbe":{"httpGet":{"port":true}}}]}', 'json: cannot unmarshal bool into Go struct field HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32'],
  ['{"overhead":{"cpu":"x"}}', "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
])('%s has the wrong type', (spec, message) => {
  expect(refusal(() => decodeObject(pod(spec), { type: 'core.v1.Pod' })).message).toBe(`Pod in version "v1" cannot be handled as a Pod: ${message}`);
});

test.each([
  ['x', `couldn't get version/kind; json parse error: invalid character 'x' looking for beginning of value (78)`],
  ['{"kind":1}', `couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string ({"kind":1})`],
  ['', `couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)`],
])('%j is no object', (body, message) => {
  expect(refusal(() => decodeObject(Buffer.from(body), { type: 'core.v1.Pod' }))).toEqual({ code: 400, message: `the object provided is unrecognized (must be of type Pod): ${message}` });
});

test('kinds are matched and completed', () => {
  const type = 'core.v1.Pod';
  expect(decodeObject(Buffer.from('{"metadata":{"name":"a"}}'), { type }).object).toMatchObject({ apiVersion: 'v1', kind: 'Pod' });
  expect(refusal(() => decodeObject(Buffer.from('{"apiVersion":"v1","kind":"Service"}'), { type })).message).toContain('converting (v1.Service) to (core.Pod): unknown conversion');
  expect(refusal(() => decodeObject(Buffer.from('{"apiVersion":"x/v1","kind":"Pod"}'), { type })).message).toContain('no kind "Pod" is registered for version "x/v1" in scheme');
  expect(refusal(() => decodeObject(Buffer.from('{"metadata":{}}'))).message).toContain("Object 'Kind' is missing in");
});

test('a null kind or version is an absent one', () => {
  const { object } = decodeObject(Buffer.from('{"kind":null,"apiVersion":null,"gracePeriodSeconds":0}'), { type: 'meta.v1.DeleteOptions' });
  expect(object).toMatchObject({ kind: 'DeleteOptions', gracePeriodSeconds: 0 });
});

test('deep nesting is refused at once, however it is spelled', () => {
  for (const [text, contentType] of [['['.repeat(100_000), 'application/json'], ['{"a":'.repeat(100_000), 'application/json'], ['['.repeat(100_000), 'application/yaml']] as const) {
    const started = systemClock.monotonic();
    expect(refusal(() => decodeObject(Buffer.from(text), { type: 'core.v1.Pod', contentType })).code).toBe(400);
    expect(systemClock.monotonic() - started).toBeLessThan(500);
  }
});

test('custom objects keep every byte that counts', () => {
  const text = '{"apiVersion":"x/v1","kind":"Y","__proto__":{"a":1},"big":9007199254740993,"huge":-9223372036854775808,"float":1.5}';
  expect(stringifyJson(decodeObject(Buffer.from(text)).object)).toBe(text);
  expect(decodeObject(Buffer.from('{"apiVersion":"x/v1","kind":"Y","a":{"b":1,"b":2}}')).warnings).toEqual(['duplicate field "a.b"']);
});

test('YAML: values, duplicates, alias bombs', () => {
  const contentType = 'application/yaml';
  const { object, warnings } = decodeObject(Buffer.from('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: "1"\n  a: "2"\n  7: p\n  7: q\n  a: "2"\n'), { type: 'core.v1.ConfigMap', contentType });
  expect(object['data']).toEqual({ 7: 'q', a: '2' });
  expect(warnings).toEqual(['line 6: key "a" already set in map', 'line 8: key 7 already set in map', 'line 9: key "a" already set in map']);
  const bomb = `a: &a [1,1,1,1,1,1,1,1,1,1]\n${[...'bcdefghij'].map((c, i) => `${c}: &${c} [${Array(10).fill(`*${'abcdefghij'[i] ?? ''}`).join(',')}]`).join('\n')}`;
  expect(refusal(() => decodeObject(Buffer.from(bomb), { contentType })).message).toContain('yaml: document contains excessive aliasing');
});

test('the canonical form is Go\'s', () => {
  const object = normalize('core.v1.Pod', {
    apiVersion: 'v1', kind: 'Pod', metadata: { labels: {}, creationTimestamp: '2026-01-01T01:00:00.5+01:00', generation: 0, finalizers: [] } as object,
    spec: { containers: [{ env: [], resources: { limits: { memory: '1024Mi', cpu: 0.5 } }, livenessProbe: { httpGet: { port: 80 } } }], hostNetwork: false, priority: 0 },
  });
  expect(object).toEqual({
    apiVersion: 'v1', kind: 'Pod', metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [{ name: '', resources: { limits: { memory: '1Gi', cpu: '500m' } }, livenessProbe: { httpGet: { port: 80 } } }], priority: 0 }, status: {},
  });
  expect(decodePatched('rbac.v1.ClusterRole', { metadata: { name: 'a' } }).object).toEqual({ metadata: { name: 'a' }, rules: null });
});

test('a patched object is refused as the patch handler does', () => {
  const value = { spec: { replicas: 'x' } };
  const message = (patched: Record<string, unknown>, strategic?: unknown): string => refusal(() => decodePatched('apps.v1.Deployment', patched, { fieldValidation: 'Strict', strategic })).message;
  expect(refusal(() => decodePatched('apps.v1.Deployment', value))).toEqual({
    code: 422, message: ' "" is invalid: patch: Invalid value: "{\\"spec\\":{\\"replicas\\":\\"x\\"}}": json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
  });
  const strategic = (patch: Record<string, unknown>): string => message(patch, patch).replace(' "" is invalid: patch: Invalid value: ', '');
  expect(strategic(value)).toBe('"map[spec:map[replicas:x]]": unrecognized type: int32');
  expect(strategic({ spec: { replicas: 1.5 } })).toBe('"map[spec:map[replicas:1.5]]": cannot convert float64 to int32');
  expect(strategic({ metadata: { name: 1 } })).toBe('"map[metadata:map[name:1]]": cannot convert int64 to string');
  expect(strategic({ metadata: { labels: [] } })).toBe('"map[metadata:map[labels:[]]]": cannot restore map from slice');
  expect(strategic({ metadata: { finalizers: 'f' } })).toBe('"map[metadata:map[finalizers:f]]": cannot restore slice from string');
  expect(strategic({ spec: true })).toBe('"map[spec:true]": cannot restore struct from: bool');
  expect(strategic({ spec: { foo: 1, bar: 2 } })).toBe('"map[spec:map[bar:2 foo:1]]": strict decoding error: unknown field "spec.bar", unknown field "spec.foo"');
});
