// Admission and conversion webhooks and an extension API server over TLS, as an operator would run them in a pod.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const tls = { key: readFileSync('/tls/tls.key'), cert: readFileSync('/tls/tls.crt') };

function admit({ request }, change) {
  const labels = request.object?.metadata?.labels ?? {};
  if (change) {
    const patch = [{ op: 'add', path: '/metadata/labels', value: { ...labels, touched: 'yes' } }];
    return { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
  }
  if (labels.forbidden !== undefined) return { uid: request.uid, allowed: false, status: { message: `the label forbidden=${labels.forbidden} is forbidden` } };
  return { uid: request.uid, allowed: true, warnings: ['seen by the webhook'] };
}

/** v1 has spec.size, v2 has spec.dimensions.size. */
function convert({ request }) {
  const convertedObjects = request.objects.map((object) => {
    const size = object.spec.size ?? object.spec.dimensions?.size;
    const spec = request.desiredAPIVersion.endsWith('/v2') ? { dimensions: { size } } : { size };
    return { ...object, apiVersion: request.desiredAPIVersion, spec };
  });
  return { uid: request.uid, result: { status: 'Success' }, convertedObjects };
}

const resources = {
  kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'greetings.skiff.test/v1',
  resources: [{ name: 'greetings', singularName: 'greeting', namespaced: false, kind: 'Greeting', verbs: ['get', 'list'] }],
};

function extension(request) {
  const path = request.url.split('?')[0];
  if (path === '/apis/greetings.skiff.test/v1') return resources;
  const greeting = (name) => ({ apiVersion: 'greetings.skiff.test/v1', kind: 'Greeting', metadata: { name, uid: name }, spec: { user: request.headers['x-remote-user'], groups: request.headers['x-remote-group'] } });
  if (path === '/apis/greetings.skiff.test/v1/greetings') return { kind: 'GreetingList', apiVersion: 'greetings.skiff.test/v1', metadata: {}, items: [greeting('hello')] };
  const named = /^\/apis\/greetings\.skiff\.test\/v1\/greetings\/([^/]+)$/.exec(path);
  return named === null ? undefined : greeting(named[1]);
}

const server = createServer(tls, async (request, response) => {
  const answer = (status, body) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (request.method === 'GET') {
    const found = extension(request);
    return found === undefined ? answer(404, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', code: 404 }) : answer(200, found);
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const review = JSON.parse(Buffer.concat(chunks).toString());
  const path = request.url.split('?')[0];
  const result = path === '/convert' ? convert(review) : admit(review, path === '/mutate');
  answer(200, { apiVersion: review.apiVersion, kind: review.kind, response: result });
});
server.listen(8443, () => console.log('listening on 8443'));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
