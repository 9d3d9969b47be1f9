// What clients get wrong, or try, over real connections to the real program: upstream's code, reason and text, nothing
// stored, and meanwhile another client is served as if nothing happened.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCa, issueCertificate } from '../../src/wire/index.ts';
import { systemRandom } from '../../src/base/random.ts';
import { startAttackedServer, type AttackedServer, type Prober } from './api-server.ts';
import { http1Requester, http2Requester, type Answer, type Ask, type Requester } from './requests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
/** A generous bound: machines differ, and a stall is seconds. */
const longestStallMs = 2_000;

let server: AttackedServer;
let admin: Requester;
let prober: Prober;
let worstMs = 0;
let worstTest = '';

beforeAll(async () => {
  server = await startAttackedServer();
  admin = await http2Requester(server, server.admin);
  await admin('POST', maps, { body: { metadata: { name: 'probe' }, data: { a: '1' } } });
  prober = await server.startProber(`${maps}/probe`);
});
afterAll(async () => {
  console.log(`worst stall of another client: ${worstMs.toFixed(0)} ms (${worstTest})`);
  admin.close();
  await prober.close();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => void (await prober.worst()));
afterEach(async ({ task }) => {
  const stall = await prober.worst();
  if (stall.worstMs > worstMs) [worstMs, worstTest] = [stall.worstMs, task.name];
  expect(stall.worstMs).toBeLessThan(longestStallMs);
  expect(stall.failures).toBe(0);
});

/** How many objects of a kind exist: a refused write leaves as many. */
async function count(path = maps): Promise<number> {
  return (await admin('GET', path)).body.items.length;
}

function expectRefusal(answer: Answer, status: number, reason: string, message: string | RegExp): void {
  const text = `${answer.status} ${answer.body?.reason ?? ''}: ${String(answer.body?.message ?? answer.text).slice(0, 2000)}`;
  if (typeof message === 'string') expect(text.slice(0, `${status} ${reason}: ${message}`.length)).toBe(`${status} ${reason}: ${message}`);
  else expect(text).toMatch(new RegExp(`^${status} ${reason}: .*${message.source}`, 's'));
  expect(answer.body).toMatchObject({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status });
}

type Case = readonly [name: string, method: string, path: string, ask: Ask, status: number, reason: string, message: string | RegExp];

function refused(cases: readonly Case[]): void {
  test.each(cases)('%s', async (_name, method, path, ask, status, reason, message) => {
    const before = await count();
    expectRefusal(await admin(method, path, ask), status, reason, message);
    expect(await count()).toBe(before);
  });
}

const typed = (type: string, body: unknown): Ask => ({ body, headers: { 'content-type': type } });
const yaml = (body: string): Ask => typed('application/yaml', body);
const map = (name: string, more: object = {}): Ask => ({ body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...more } });

function many(n: number, item: (i: number) => string, separator = ','): string {
  return Array.from({ length: n }, (_, i) => item(i)).join(separator);
}

function aliasBomb(levels: number): string {
  const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x]'];
  for (let i = 1; i < levels; i++) lines.push(`a${i}: &a${i} [${many(9, () => `*a${i - 1}`)}]`);
  return lines.join('\n');
}

describe('bodies', () => {
  refused([
    ['JSON that ends early', 'POST', maps, { body: '{"metadata":' }, 400, 'BadRequest', /unexpected end of JSON input/],
    ['no JSON', 'POST', maps, { body: 'nope' }, 400, 'BadRequest', /invalid character 'o' in literal null/],
    ['two documents', 'POST', maps, { body: '{"metadata":{"name":"x"}}{}' }, 400, 'BadRequest', /invalid character '\{' after top-level value/],
    ['an array', 'POST', maps, { body: '[]' }, 400, 'BadRequest', /cannot unmarshal array into Go value/],
    ['nothing', 'POST', maps, { body: '' }, 400, 'BadRequest', ''],
    ['null', 'POST', maps, { body: 'null' }, 400, 'BadRequest', ''],
    ['broken UTF-8', 'POST', maps, { body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) }, 400, 'BadRequest', /invalid character/],
    ['YAML that ends early', 'POST', maps, yaml('a: ['), 400, 'BadRequest', /yaml: /],
    ['a YAML tab', 'POST', maps, yaml('metadata:\n\tname: x'), 400, 'BadRequest', /yaml: line 2: /],
    ['an alias bomb', 'POST', maps, yaml(aliasBomb(12)), 400, 'BadRequest', /excessive aliasing/],
    ['an alias of itself', 'POST', maps, yaml('a: &a [*a]'), 400, 'BadRequest', /yaml/],
    ['protobuf without its magic', 'POST', maps, typed('application/vnd.kubernetes.protobuf', 'xxxxxxxx'), 400, 'BadRequest', /expected prefix/],
    ['protobuf cut short', 'POST', maps, typed('application/vnd.kubernetes.protobuf', Buffer.from('6b3873000a0f0a0276', 'hex')), 400, 'BadRequest', ''],
    ['an unknown content type', 'POST', maps, typed('text/csv', '{}'), 415, 'UnsupportedMediaType', /the body of the request was in an unknown format - accepted media types include: application\/json, application\/yaml, application\/vnd.kubernetes.protobuf/],
    ['more than 3 MiB', 'POST', maps, map('big', { data: { a: 'x'.repeat(3 << 20) } }), 413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728'],
    ['more data than a ConfigMap takes', 'POST', maps, map('big', { data: { a: 'x'.repeat(2 << 20) } }), 422, 'Invalid', /may not be more than 1048576 bytes/],
    ['nesting 100,000 deep', 'POST', maps, { body: `{"metadata":{"name":"deep","annotations":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}}` }, 400, 'BadRequest', /exceeded max depth/],
    ['arrays 100,000 deep', 'POST', maps, { body: `${'['.repeat(100_000)}${']'.repeat(100_000)}` }, 400, 'BadRequest', /exceeded max depth/],
    ['YAML 100,000 deep', 'POST', maps, yaml(`a: ${'['.repeat(100_000)}${']'.repeat(100_000)}`), 400, 'BadRequest', /yaml: /],
    ['200,000 keys', 'POST', maps, { body: `{"metadata":{"name":"keys"},"data":{${many(200_000, (i) => `"k${i}":"v"`)}}}` }, 413, 'RequestEntityTooLarge', /more than 60000 values/],
    ['900,000 empty items', 'POST', maps, { body: `{"metadata":{"name":"items","finalizers":[${many(900_000, () => '""')}]}}` }, 413, 'RequestEntityTooLarge', /more than 60000 values/],
    ['50,000 bad label keys', 'POST', maps, { body: `{"metadata":{"name":"labels","labels":{${many(50_000, (i) => `"-${i}":"v"`)}}}}` }, 422, 'Invalid', /metadata.labels/],
    ['50,000 empty finalizers', 'POST', maps, { body: `{"metadata":{"name":"items","finalizers":[${many(50_000, () => '""')}]}}` }, 422, 'Invalid', /metadata.finalizers/],
    ['2 MB of JSON with one digit run too long', 'POST', maps, { body: `{"metadata":{"name":"long"},"data":{"n":12345678901234567890,${many(20_000, (i) => `"k${i}":"${'v'.repeat(80)}"`)}}}` }, 400, 'BadRequest', /cannot unmarshal number into Go struct field ConfigMap.data of type string/],
    ['2 MB of JSON without its end', 'POST', maps, { body: `{"metadata":{"name":"long"},"data":{${many(50_000, (i) => `"k${i}":"${'v'.repeat(30)}"`)}` }, 400, 'BadRequest', /unexpected end of JSON input/],
    ['2 MB of true YAML with one bad value', 'POST', maps, yaml(`metadata:\n  name: doc\ndata:\n${many(50_000, (i) => `  key${i}: "value number ${i}"`, '\n')}\n  last: [1]\n`), 400, 'BadRequest', /cannot unmarshal array into Go struct field ConfigMap.data of type string/],
    ['2.9 MB of YAML flow garbage', 'POST', maps, yaml(`[${'{a: b},'.repeat(400_000)}`), 400, 'BadRequest', /yaml: /],
    ['a key 100,000 times in YAML', 'POST', `${maps}?fieldValidation=Strict`, yaml(`metadata: {name: doc}\n${'a: b\n'.repeat(100_000)}`), 400, 'BadRequest', /key \\?"a\\?" already set in map/],
  ]);

  test('a body of 3 MiB that says so is refused before it is sent, one that does not while it is', async () => {
    const http1 = http1Requester(server, server.admin);
    expectRefusal(await http1('POST', maps, map('big', { data: { a: 'x'.repeat(4 << 20) } })).catch(async () => admin('POST', maps, map('big', { data: { a: 'x'.repeat(4 << 20) } }))), 413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728');
  });
});

describe('fields', () => {
  const unknown = { metadata: { name: 'fields', foo: 1 }, bar: [{ baz: 1 }], data: { a: '1' } };
  const twice = '{"metadata":{"name":"fields"},"data":{"a":"1","a":"2"},"data":{"b":"3"}}';

  refused([
    ['unknown ones, Strict', 'POST', `${maps}?fieldValidation=Strict`, { body: unknown }, 400, 'BadRequest', /strict decoding error: unknown field "metadata.foo", unknown field "bar"/],
    ['given twice, Strict', 'POST', `${maps}?fieldValidation=Strict`, { body: twice }, 400, 'BadRequest', /strict decoding error: duplicate field "data.a", duplicate field "data"/],
    ['a fieldValidation that does not exist', 'POST', `${maps}?fieldValidation=Hard`, { body: unknown }, 422, 'Invalid', /fieldValidation: Unsupported value: "Hard": supported values: "", "Ignore", "Strict", "Warn"/],
    ['another kind', 'POST', maps, { body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' } } }, 400, 'BadRequest', /Secret in version "v1" cannot be handled as a ConfigMap/],
    ['an unknown kind', 'POST', maps, { body: { apiVersion: 'v1', kind: 'Nothing', metadata: { name: 'x' } } }, 400, 'BadRequest', /no kind "Nothing" is registered for version "v1"/],
    ['another version', 'POST', maps, { body: { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'x' } } }, 400, 'BadRequest', /no kind "ConfigMap" is registered for version "v2"/],
    ['a number where text belongs', 'POST', maps, map('x', { data: { a: 1 } }), 400, 'BadRequest', /json: cannot unmarshal number into Go struct field ConfigMap.data of type string/],
    ['a kind that is a number', 'POST', maps, { body: { apiVersion: 'v1', kind: 7, metadata: { name: 'x' } } }, 400, 'BadRequest', /cannot unmarshal number into Go struct field .kind of type string/],
    ['another namespace', 'POST', maps, map('x', { metadata: { name: 'x', namespace: 'other' } }), 400, 'BadRequest', 'the namespace of the provided object does not match the namespace sent on the request'],
    ['another name', 'PUT', `${maps}/probe`, map('other'), 400, 'BadRequest', /the name of the object \(other\) does not match the name on the URL \(probe\)/],
    ['no name', 'PUT', `${maps}/probe`, { body: { metadata: {} } }, 400, 'BadRequest', /name must be provided/],
    ['a name with a slash', 'POST', maps, map('a/b'), 422, 'Invalid', /metadata.name: Invalid value: "a\/b"/],
    ['a name with a percent sign', 'POST', maps, map('a%b'), 422, 'Invalid', /metadata.name: Invalid value: "a%b"/],
    ['a name that is a dot', 'POST', maps, map('..'), 422, 'Invalid', /metadata.name: Invalid value/],
    ['a name with a zero byte', 'POST', maps, map('a\0b'), 422, 'Invalid', /metadata.name: Invalid value/],
    ['a resourceVersion on create', 'POST', maps, map('x', { metadata: { name: 'x', resourceVersion: '1' } }), 500, '', 'resourceVersion should not be set on objects to be created'],
    ['a resourceVersion of words', 'PUT', `${maps}/probe`, map('probe', { metadata: { name: 'probe', resourceVersion: 'abc' } }), 500, '', 'strconv.ParseUint: parsing "abc": invalid syntax'],
    ['a stale resourceVersion', 'PUT', `${maps}/probe`, map('probe', { metadata: { name: 'probe', resourceVersion: '1' } }), 409, 'Conflict', 'Operation cannot be fulfilled on configmaps "probe": the object has been modified; please apply your changes to the latest version and try again'],
    ['a data key like a path', 'POST', maps, map('x', { data: { '../x': '1' } }), 422, 'Invalid', /data\[\.\.\/x\]: Invalid value: "\.\.\/x"/],
    ['annotations beyond 256 KiB', 'POST', maps, map('x', { metadata: { name: 'x', annotations: { a: 'x'.repeat(300_000) } } }), 422, 'Invalid', /metadata.annotations: Too long: may not be more than 262144 bytes/],
  ]);

  test('Warn, the default, says what it ignored; Ignore says nothing', async () => {
    const warned = await admin('POST', `${maps}?dryRun=All`, { body: unknown });
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toBe('299 - "unknown field \\"metadata.foo\\"", 299 - "unknown field \\"bar\\""');
    const doubled = await admin('POST', `${maps}?dryRun=All&fieldValidation=Warn`, { body: twice });
    expect(doubled.headers.warning).toBe('299 - "duplicate field \\"data.a\\"", 299 - "duplicate field \\"data\\""');
    const silent = await admin('POST', `${maps}?dryRun=All&fieldValidation=Ignore`, { body: unknown });
    expect([silent.status, silent.headers.warning]).toEqual([201, undefined]);
  });

  test('__proto__ and constructor are keys like any other, in every way in and out', async () => {
    const data = '{"__proto__":"x","constructor":"y","toString":"z"}';
    expect((await admin('POST', maps, { body: `{"metadata":{"name":"proto","annotations":{"constructor":"y"},"labels":{"constructor":"y","toString":"z"}},"data":${data}}` })).status).toBe(201);
    const patched = await admin('PATCH', `${maps}/proto`, typed('application/merge-patch+json', '{"data":{"__proto__":"p","hasOwnProperty":"q"}}'));
    expect(patched.text).toContain('"__proto__":"p"');
    expect(Object.entries(patched.body.data).sort()).toEqual([['__proto__', 'p'], ['constructor', 'y'], ['hasOwnProperty', 'q'], ['toString', 'z']]);
    const strategic = await admin('PATCH', `${maps}/proto`, typed('application/strategic-merge-patch+json', '{"data":{"__proto__":"s"},"metadata":{"annotations":{"valueOf":"v"}}}'));
    expect(strategic.text).toContain('"__proto__":"s"');
    expect(strategic.body.metadata.annotations).toEqual({ constructor: 'y', valueOf: 'v' });
    const json = await admin('PATCH', `${maps}/proto`, typed('application/json-patch+json', '[{"op":"replace","path":"/data/__proto__","value":"j"},{"op":"test","path":"/data/constructor","value":"y"}]'));
    expect(json.text).toContain('"__proto__":"j"');
    const applied = await admin('PATCH', `${maps}/proto2?fieldManager=m`, typed('application/apply-patch+yaml', `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"proto2"},"data":${data}}`));
    expect(applied.text).toContain('"f:__proto__":{}');
    expect((await admin('GET', `${maps}/proto`, { headers: { accept: 'application/yaml' } })).text).toContain('__proto__: j');
    expect((await admin('GET', `${maps}?labelSelector=constructor=y,toString`)).body.items).toHaveLength(1);
    expect((await admin('GET', `${maps}?labelSelector=valueOf`)).body.items).toHaveLength(0);
    expect((await admin('GET', `${maps}/constructor`)).status).toBe(404);
    expect((await admin('GET', '/api/v1/namespaces/default/constructor')).status).toBe(404);
    expect((await admin('GET', '/apis/__proto__/v1/toString')).status).toBe(404);
    for (const name of ['proto', 'proto2']) await admin('DELETE', `${maps}/${name}`);
  });

  test('integers beyond 2^53 in free-form data stay as they are, digit by digit', async () => {
    const revisions = '/apis/apps/v1/namespaces/default/controllerrevisions';
    const data = '{"big":9007199254740993,"least":-9223372036854775808,"float":1.5,"nested":{"__proto__":{"n":9223372036854775807}}}';
    const made = await admin('POST', revisions, { body: `{"metadata":{"name":"exact"},"revision":9007199254740993,"data":${data}}` });
    expect(made.text).toContain(`"data":${data}`);
    const patched = await admin('PATCH', `${revisions}/exact`, typed('application/merge-patch+json', '{"metadata":{"labels":{"a":"b"}}}'));
    expect(patched.text).toContain(`"data":${data}`);
    const read = await admin('GET', `${revisions}/exact`, { headers: { 'user-agent': 'curl/8' } });
    expect(read.text).toContain('"big": 9007199254740993');
    expect((await admin('GET', `${revisions}/exact`, { headers: { accept: 'application/yaml' } })).text).toContain('9223372036854775807');
    expect(read.text).toContain('"revision": 9007199254740993');
    await admin('DELETE', `${revisions}/exact`);
  });
});

describe('paths and queries', () => {
  refused([
    ['a name of two dots', 'GET', `${maps}/%2e%2e`, {}, 400, 'BadRequest', 'Name parameter invalid: "..": may not be \'..\''],
    ['a name with a percent sign', 'GET', `${maps}/a%25b`, {}, 400, 'BadRequest', 'Name parameter invalid: "a%b": may not contain \'%\''],
    ['an escaped slash parts the path', 'GET', `${maps}/a%2Fb`, {}, 404, 'NotFound', 'the server could not find the requested resource'],
    ['an escaped zero byte', 'GET', `${maps}/a%00b`, {}, 404, 'NotFound', /not found/],
    ['a broken escape', 'GET', `${maps}/%zz`, {}, 400, 'BadRequest', /invalid URL escape/],
    ['an unknown resource', 'GET', '/api/v1/nothings', {}, 404, 'NotFound', 'the server could not find the requested resource'],
    ['an unknown version', 'GET', '/api/v9/pods', {}, 404, 'NotFound', /the server could not find the requested resource|404/],
    ['an unknown subresource', 'GET', `${maps}/probe/nothing`, {}, 404, 'NotFound', 'the server could not find the requested resource'],
    ['a missing object', 'GET', `${maps}/none`, {}, 404, 'NotFound', 'configmaps "none" not found'],
    ['POST on an object', 'POST', `${maps}/probe`, map('probe'), 405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource'],
    ['PUT on a collection', 'PUT', maps, map('probe'), 405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource'],
    ['an unknown method', 'BREW', `${maps}/probe`, {}, 405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource'],
    ['a method override', 'GET', `${maps}/none`, { headers: { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE', 'x-http-method': 'DELETE' } }, 404, 'NotFound', /not found/],
    ['a bad label selector', 'GET', `${maps}?labelSelector=%3D%3D`, {}, 400, 'BadRequest', /found '==', expected: !, identifier, or 'end of string'/],
    ['a bad label value', 'GET', `${maps}?labelSelector=a%3D-b`, {}, 400, 'BadRequest', /a valid label must be an empty string or consist of/],
    ['a bad field selector', 'GET', `${maps}?fieldSelector=x`, {}, 400, 'BadRequest', /invalid selector: 'x'; can't understand 'x'/],
    ['an unknown field', 'GET', `${pods}?fieldSelector=spec.foo%3Dx`, {}, 400, 'BadRequest', /field label not supported: spec.foo/],
    ['a bad limit', 'GET', `${maps}?limit=x`, {}, 400, 'BadRequest', /strconv.ParseInt: parsing "x": invalid syntax/],
    ['a limit beyond 64 bits', 'GET', `${maps}?limit=99999999999999999999`, {}, 400, 'BadRequest', /strconv.ParseInt: parsing "99999999999999999999": value out of range/],
    ['a bad timeoutSeconds', 'GET', `${maps}?watch=1&timeoutSeconds=soon`, {}, 400, 'BadRequest', /strconv.ParseInt: parsing "soon": invalid syntax/],
    ['a bad timeout', 'GET', `${maps}?timeout=soon`, {}, 400, 'BadRequest', /invalid timeout specified in the request URL/],
    ['a bad continue token', 'GET', `${maps}?continue=xxxx`, {}, 400, 'BadRequest', /continue key is not valid/],
    ['a continue token that climbs', 'GET', `${maps}?continue=${Buffer.from('{"v":"meta.k8s.io/v1","rv":5,"start":"../../secrets/"}').toString('base64url')}`, {}, 400, 'BadRequest', /continue key is not valid/],
    ['a bad resourceVersion', 'GET', `${maps}?resourceVersion=x`, {}, 400, 'BadRequest', /invalid resource version: resourceVersion: Invalid value: "x"/],
    ['a resourceVersion beyond 64 bits', 'GET', `${maps}/probe?resourceVersion=99999999999999999999999`, {}, 500, '', /resourceVersion: Invalid value: "99999999999999999999999": .*value out of range/],
    ['a bad match', 'GET', `${maps}?resourceVersion=1&resourceVersionMatch=Roughly`, {}, 422, 'Invalid', /resourceVersionMatch: Unsupported value: "Roughly"/],
    ['a bad dryRun', 'POST', `${maps}?dryRun=Some`, map('x'), 422, 'Invalid', /dryRun: Unsupported value: \["Some"\]: supported values: "All"/],
    ['a bad gracePeriodSeconds', 'DELETE', `${maps}/probe?gracePeriodSeconds=x`, {}, 400, 'BadRequest', /strconv.ParseInt/],
    ['a bad propagationPolicy', 'DELETE', `${maps}/probe?propagationPolicy=Some`, {}, 422, 'Invalid', /propagationPolicy: Unsupported value: "Some"/],
    ['a precondition that does not hold', 'DELETE', `${maps}/probe`, { body: { preconditions: { uid: 'other' } } }, 409, 'Conflict', /the UID in the precondition \(other\) does not match the UID in record/],
    ['a fieldManager too long', 'POST', `${maps}?fieldManager=${'m'.repeat(200)}`, map('x'), 422, 'Invalid', /fieldManager: Too long/],
    ['an Accept that nobody has', 'GET', maps, { headers: { accept: 'text/csv' } }, 406, 'NotAcceptable', /406: Not Acceptable\n\nAvailable representations: application\/json, application\/yaml, application\/vnd.kubernetes.proto/],
  ]);

  test('a Table has no protobuf', async () => {
    const { status, text } = await admin('GET', maps, { headers: { accept: 'application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1' } });
    expect(status).toBe(406);
    expect(text).toContain('only the following media types are accepted: application/json, application/yaml');
  });

  test('a revision to come is told, a watch that nobody can serve ends', async () => {
    expectRefusal(await admin('GET', `${maps}?resourceVersion=999999999`), 504, 'Timeout', /Too large resource version: 999999999, current: \d+/);
    const past = await admin('GET', `${maps}?watch=1&resourceVersion=1&timeoutSeconds=1`);
    expect(past.status).toBe(200);
    // Either the past is known, and told, or it is gone.
    const { type, object } = past.body;
    expect([type, object.kind, object.code ?? 200]).toEqual(type === 'ERROR' ? ['ERROR', 'Status', 410] : ['ADDED', 'ConfigMap', 200]);
    const over = await admin('GET', `${maps}?watch=1&timeoutSeconds=-5`);
    expect(over.status).toBe(200);
  });
});

describe('patches', () => {
  const patch = (type: string, body: unknown): Ask => typed(type, body);
  const json = 'application/json-patch+json';
  const merge = 'application/merge-patch+json';
  const strategic = 'application/strategic-merge-patch+json';
  const apply = 'application/apply-patch+yaml';
  const rejected = 'the server rejected our request due to an error in our request';

  refused([
    ['JSON patch that is no JSON', 'PATCH', `${maps}/probe`, patch(json, '['), 400, 'BadRequest', /error decoding patch: unexpected end of JSON input/],
    ['JSON patch that is an object', 'PATCH', `${maps}/probe`, patch(json, '{}'), 400, 'BadRequest', /error decoding patch: json: cannot unmarshal object into Go value of type \[\]handlers\.jsonPatchOp/],
    ['a failing test', 'PATCH', `${maps}/probe`, patch(json, [{ op: 'replace', path: '/data/a', value: '2' }, { op: 'test', path: '/data/a', value: '1' }]), 422, 'Invalid', rejected],
    ['a missing path', 'PATCH', `${maps}/probe`, patch(json, [{ op: 'remove', path: '/data/none' }]), 422, 'Invalid', rejected],
    ['an unknown operation', 'PATCH', `${maps}/probe`, patch(json, [{ op: 'frob', path: '/data/a' }]), 422, 'Invalid', rejected],
    ['10,001 operations', 'PATCH', `${maps}/probe`, patch(json, Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/a', value: '1' }))), 413, 'RequestEntityTooLarge', 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001'],
    ['copies that grow without bound', 'PATCH', `${maps}/probe`, patch(json, Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/data', path: `/data/c${i}` }))), 422, 'Invalid', ''],
    ['an index of __proto__', 'PATCH', `${maps}/probe`, patch(json, [{ op: 'add', path: '/__proto__/polluted', value: 'yes' }]), 422, 'Invalid', rejected],
    ['a patch to no object', 'PATCH', `${maps}/probe`, patch(json, [{ op: 'replace', path: '', value: [] }]), 422, 'Invalid', /patch: Invalid value/],
    ['merge patch that is no JSON', 'PATCH', `${maps}/probe`, patch(merge, '{'), 400, 'BadRequest', /error decoding patch/],
    ['merge patch of another name', 'PATCH', `${maps}/probe`, patch(merge, { metadata: { name: 'other' } }), 400, 'BadRequest', /does not match the name on the URL/],
    ['merge patch with a wrong type', 'PATCH', `${maps}/probe`, patch(merge, { data: [] }), 422, 'Invalid', /cannot unmarshal array into Go struct field ConfigMap.data/],
    ['merge patch with a stale resourceVersion', 'PATCH', `${maps}/probe`, patch(merge, { metadata: { resourceVersion: '1' }, data: { a: '9' } }), 409, 'Conflict', /the object has been modified/],
    ['merge patch with an unknown field, Strict', 'PATCH', `${maps}/probe?fieldValidation=Strict`, patch(merge, { foo: 1 }), 422, 'Invalid', /strict decoding error: unknown field "foo"/],
    ['merge patch with a field twice, Strict', 'PATCH', `${maps}/probe?fieldValidation=Strict`, patch(merge, '{"data":{"a":"1","a":"2"}}'), 422, 'Invalid', /strict decoding error: duplicate field "data.a"/],
    ['an unknown strategic directive', 'PATCH', `${maps}/probe`, patch(strategic, { data: { $patch: 'frobnicate' } }), 500, '', /unknown patch type: frobnicate/],
    ['a strategic order that is no list', 'PATCH', `${maps}/probe`, patch(strategic, { metadata: { '$setElementOrder/finalizers': 'x' } }), 500, '', /expected a \[\]interface/],
    ['strategic merge that is an array', 'PATCH', `${maps}/probe`, patch(strategic, '[]'), 400, 'BadRequest', /cannot unmarshal array into Go value of type map/],
    ['apply without a manager', 'PATCH', `${maps}/probe`, patch(apply, '{}'), 422, 'Invalid', /fieldManager: Required value: is required for apply patch/],
    ['apply of broken YAML', 'PATCH', `${maps}/probe?fieldManager=m`, patch(apply, 'a: ['), 400, 'BadRequest', /error decoding YAML: yaml: /],
    ['apply with managedFields', 'PATCH', `${maps}/probe?fieldManager=m`, patch(apply, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe', managedFields: [{}] } }), 400, 'BadRequest', /metadata.managedFields must be nil/],
    ['apply of an alias bomb', 'PATCH', `${maps}/probe?fieldManager=m`, patch(apply, aliasBomb(12)), 400, 'BadRequest', /error decoding YAML: yaml: /],
    ['apply of what another owns', 'PATCH', `${maps}/probe?fieldManager=m`, patch(apply, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe' }, data: { a: 'mine' } }), 409, 'Conflict', /Apply failed with 1 conflict: conflict with "robust" using v1: \.data\.a/],
    ['no patch type', 'PATCH', `${maps}/probe`, patch('application/json', '{}'), 415, 'UnsupportedMediaType', /415: Unsupported Media Type/],
    ['a patch of nothing', 'PATCH', `${maps}/none`, patch(merge, '{}'), 404, 'NotFound', 'configmaps "none" not found'],
  ]);

  test('none of them left a trace', async () => {
    const { body } = await admin('GET', `${maps}/probe`);
    expect(body.data).toEqual({ a: '1' });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(body.metadata.annotations).toBeUndefined();
  });
});

describe('who asks', () => {
  const now = Date.now();
  const valid = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
  const clientUse = ['digital signature', 'key encipherment', 'client auth'] as const;
  const masters = { commonName: 'evil', organizations: ['system:masters'] };

  async function as(pair: { cert: string; key: string } | undefined, headers: Record<string, string> = {}, path = maps): Promise<Answer> {
    const requester = await http2Requester(server, { ...server.nobody, ...pair });
    try {
      return await requester('GET', path, { headers });
    } finally {
      requester.close();
    }
  }

  test.each([
    ['nobody', () => undefined],
    ['an expired certificate', () => issueCertificate(systemRandom, server.pair('ca'), { ...masters, usages: clientUse, notBeforeMs: now - 7_200_000, notAfterMs: now - 3_600_000 })],
    ['a certificate of tomorrow', () => issueCertificate(systemRandom, server.pair('ca'), { ...masters, usages: clientUse, notBeforeMs: now + 3_600_000, notAfterMs: now + 7_200_000 })],
    ['a certificate of another CA', () => issueCertificate(systemRandom, createCa(systemRandom, { commonName: 'kubernetes', ...valid }), { ...masters, usages: clientUse, ...valid })],
    ['a certificate for servers', () => issueCertificate(systemRandom, server.pair('ca'), { ...masters, usages: ['digital signature', 'server auth'], ...valid })],
    ['a certificate of the front proxy\'s CA', () => issueCertificate(systemRandom, server.pair('front-proxy-ca'), { ...masters, usages: clientUse, ...valid })],
    ['the front proxy without a user', () => server.pair('front-proxy-client')],
  ])('401: %s', async (_name, pair) => {
    const answer = await as(pair());
    expectRefusal(answer, 401, 'Unauthorized', 'Unauthorized');
  });

  test.each([
    ['a word', 'Bearer nonsense'],
    ['a JWT without a signature', `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"iss":"https://kubernetes.default.svc.cluster.local","sub":"system:serviceaccount:kube-system:default"}').toString('base64url')}.`],
    ['a JWT signed by a secret that is the public key', `Bearer ${Buffer.from('{"alg":"HS256"}').toString('base64url')}.e30.AAAA`],
    ['50 KB of it', `Bearer ${'x'.repeat(50_000)}`],
    ['a password', `Basic ${Buffer.from('admin:admin').toString('base64')}`],
    ['nothing after Bearer', 'Bearer '],
  ])('401: a token that is %s', async (_name, authorization) => expectRefusal(await as(undefined, { authorization }), 401, 'Unauthorized', 'Unauthorized'));

  test('403 says who may not do what, where', async () => {
    const jane = issueCertificate(systemRandom, server.pair('ca'), { commonName: 'jane', usages: clientUse, ...valid });
    expectRefusal(await as(jane), 403, 'Forbidden', 'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "default"');
    expectRefusal(await as(jane, {}, `${maps}/probe`), 403, 'Forbidden', 'configmaps "probe" is forbidden: User "jane" cannot get resource "configmaps" in API group "" in the namespace "default"');
    expectRefusal(await as(jane, {}, '/api/v1/nodes/x/proxy/'), 403, 'Forbidden', /nodes "x" is forbidden: User "jane" cannot get resource "nodes\/proxy" in API group "" at the cluster scope/);
    expectRefusal(await as(jane, {}, '/metrics'), 403, 'Forbidden', 'forbidden: User "jane" cannot get path "/metrics"');
    expectRefusal(await as(jane, { 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' }), 403, 'Forbidden', /User "jane" cannot impersonate/);
    expectRefusal(await as(jane, { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' }), 403, 'Forbidden', /User "jane" cannot list/);
    expectRefusal(await as(jane, {}, `/api/v1/namespaces/default/configmaps%2Fprobe`), 403, 'Forbidden', /User "jane" cannot get resource "configmaps"/);
  });
});
