// kill -9 of the agent, the API server, the controllers and containerd: no container restarts, and everything is
// adopted again. And a backup of the store meanwhile, by the very program that people run.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attempt, eventually, kubectl, page } from './clients.ts';

interface Shown {
  readonly items: readonly { readonly metadata: { readonly name: string }; readonly status: { readonly containerStatuses: readonly { readonly containerID: string; readonly restartCount: number }[] } }[];
}

/** Container ids and restart counts of the shop: what must not change. */
function containers(): string[] {
  const list = JSON.parse(kubectl('-n shop get pods -l app -o json')) as Shown;
  return list.items.flatMap((pod) => pod.status.containerStatuses.map((c) => `${pod.metadata.name} ${c.containerID} ${c.restartCount}`)).sort();
}

function pid(file: string): number {
  return Number(readFileSync(`/run/skiff/${file}`, 'utf8').trim());
}

function kill9(file: string): void {
  process.kill(pid(file), 'SIGKILL');
}

async function workingAgain(): Promise<void> {
  await eventually('the API server answers', () => (attempt('kubectl', ['get', '--raw', '/readyz']).code === 0 ? true : undefined));
  const name = `after-${Math.floor(performance.now())}`;
  await eventually('a new pod runs', () => {
    const answer = attempt('kubectl', ['-n', 'shop', 'run', name, '--image=skiff.local/busybox:1', '--restart=Never', '--command', '--', 'true']);
    return answer.code === 0 || answer.stderr.includes('AlreadyExists') ? true : undefined;
  });
  await eventually('the pod has succeeded', () => (kubectl(`-n shop get pod ${name} -o jsonpath={.status.phase}`) === 'Succeeded' ? true : undefined));
  kubectl(`-n shop delete pod ${name} --now`);
}

test.each([
  ['the agent', 'agent.pid.child'],
  ['the API server', 'apiserver.pid.child'],
  ['the controllers', 'controllers.pid.child'],
  ['containerd', 'containerd.pid'],
])('kill -9 of %s: nothing restarts', async (_name, file) => {
  const before = containers();
  const old = pid(file);
  kill9(file);
  await eventually('another process is there', () => {
    try {
      return pid(file) === old ? undefined : true;
    } catch {
      return undefined;
    }
  });
  await workingAgain();
  expect(containers()).toEqual(before);
  expect(await page('http://127.0.0.1:30080')).toContain("Skiff's shop");
});

test('the store is backed up while everything runs', () => {
  const directory = mkdtempSync(join(tmpdir(), 'skiff-backup-'));
  try {
    for (const format of ['skiff', 'etcd']) {
      const file = join(directory, format);
      const answer = attempt(join(import.meta.dirname, '../../skiff'), ['backup', file, '--format', format]);
      expect(answer, answer.stderr).toMatchObject({ code: 0 });
      expect(answer.stdout).toMatch(/revision \d+/);
      expect(statSync(file).size).toBeGreaterThan(10_000);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
