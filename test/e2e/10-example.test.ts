// What `npm start` promises: the example answered in three ways, the node is ready, top works, the context is set.
import { expect, test } from 'vitest';
import { attempt, eventually, kubectl } from './clients.ts';

test('up printed the page through the Service, through DNS from a pod and through the NodePort', () => {
  const output = process.env.SKIFF_UP_OUTPUT ?? '';
  const page = /Skiff's shop: anchor 40, oar 12, rope 7/g;
  expect(output.match(page)).toHaveLength(3);
  expect(output).toMatch(/through the Service .*Skiff's shop/);
  expect(output).toMatch(/by DNS from inside a pod .*Skiff's shop/);
  expect(output).toMatch(/through the NodePort .*Skiff's shop/);
});

test('the kubeconfig has the context skiff, current, and nobody else may read it', () => {
  expect(kubectl('config current-context').trim()).toBe('skiff');
  expect(attempt('stat', ['-c', '%a', process.env.KUBECONFIG ?? '']).stdout.trim()).toBe('600');
});

test('the node is Ready and everything in the shop runs', () => {
  expect(kubectl('get nodes')).toMatch(/ Ready .*v1\.36/);
  const pods = kubectl('-n shop get pods --no-headers').trim().split('\n');
  expect(pods.filter((line) => / Running /.test(line))).toHaveLength(5);
  expect(pods.filter((line) => / Completed /.test(line))).toHaveLength(1);
});

test('kubectl top knows nodes and pods', async () => {
  await eventually('top', () => (attempt('kubectl', ['top', 'nodes']).code === 0 && /web-/.test(attempt('kubectl', ['top', 'pods', '-n', 'shop']).stdout) ? true : undefined));
  expect(kubectl('top nodes')).toMatch(/\d+m +\d+% +\d+Mi +\d+%/);
  expect(kubectl('top pods -n shop')).toMatch(/web-\S+ +\d+m +\d+Mi/);
});

test('a second up finds everything and is done in seconds', () => {
  const started = Date.now();
  const answer = attempt('./skiff', ['up', '--example']);
  expect(answer).toMatchObject({ code: 0 });
  expect(answer.stdout).toContain("Skiff's shop");
  console.log(`second up --example: ${((Date.now() - started) / 1000).toFixed(1)} s`);
});
