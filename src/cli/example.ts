// The bundled example: its images are built on the spot, its manifests applied, and its page asked for in the three
// ways a user would: through the Service, by name from inside a pod, and through the NodePort from the host.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment } from '#api/apps/v1.ts';
import type { Job } from '#api/batch/v1.ts';
import type { Service } from '#api/core/v1.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { isNotFound } from '#machinery';
import { connectCri } from '#runtime';
import { httpTransport } from '#wire';
import type { Checklist, Step } from './checklist.ts';
import { buildFromFolder, loadBuilt } from './image.ts';
import { applyManifests, readManifests } from './manifests.ts';
import { nodeLayout } from './node-layout.ts';
import type { ClusterConfig } from './paths.ts';
import { runProbe } from './probe-pod.ts';
import { ensureNodeBase } from './system-images.ts';
import { waitUntil } from './wait.ts';

const namespace = 'shop';
const timeoutMs = 180_000;

async function ensureImages(world: World, config: ClusterConfig, folder: string, nodePath: string, step: Step): Promise<void> {
  const layout = nodeLayout(config, existsSync);
  const runtime = await connectCri(world, layout.containerd.socket);
  try {
    const names = readdirSync(join(folder, 'images'));
    const absent: string[] = [];
    for (const name of names) if ((await runtime.imageStatus(`skiff.local/shop-${name}:1`)) === undefined) absent.push(name);
    if (absent.length === 0) return step.note('already there');
    step.note('Node.js base');
    await ensureNodeBase(world, layout, nodePath);
    for (const [i, name] of absent.entries()) {
      step.note(`${name} ${i + 1}/${absent.length}`);
      const image = `skiff.local/shop-${name}:1`;
      await buildFromFolder(world, layout, { context: join(folder, 'images', name), name: image });
      await loadBuilt(world, layout, image);
    }
    step.note(`${absent.length} built`);
  } finally {
    await runtime.close();
  }
}

/** The store's data go with its pod, and a finished Job does not run again: each start seeds anew (writes are PUTs). */
async function forgetSeed(world: World, client: Client): Promise<void> {
  const jobs = client.resource<Job>('jobs.batch').in(namespace);
  await jobs.delete('seed', { propagationPolicy: 'Background' }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
  await waitUntil(world, 'the old seed Job', { timeoutMs: 30_000 }, async () => {
    try {
      await jobs.get('seed');
      return 'is being deleted';
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  });
}

async function rolledOut(world: World, client: Client, step: Step): Promise<void> {
  await waitUntil(world, 'the example', { timeoutMs, everyMs: 100, onReason: step.note }, async () => {
    const deployments = await client.resource<Deployment>('deployments.apps').in(namespace).list();
    for (const { metadata, spec, status } of deployments.items) {
      const want = spec?.replicas ?? 1;
      const have = status?.availableReplicas ?? 0;
      if (have < want || status?.observedGeneration !== metadata?.generation) return `${metadata?.name} ${have}/${want}`;
    }
    const job = await client.resource<Job>('jobs.batch').in(namespace).get('seed');
    return job.status?.conditions?.some((c) => c.type === 'Complete' && c.status === 'True') === true ? undefined : 'seeding';
  });
  step.note('');
}

async function ask(world: World, url: string): Promise<string> {
  const transport = httpTransport({ url, clock: world.clock });
  try {
    const response = await transport.request({ method: 'GET', path: '/' });
    const text = Buffer.from(await response.bytes()).toString().trim();
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${text}`);
    return text;
  } finally {
    await transport.close();
  }
}

export interface ExampleAnswers {
  readonly service: string;
  readonly dns: string;
  readonly nodePort: string;
}

/** Builds, applies, waits and asks. @param folder the project's example/ folder. */
export async function runExample(world: World, config: ClusterConfig, client: Client, folder: string, nodePath: string, list: Checklist): Promise<ExampleAnswers> {
  await list.step('example: images', (step) => ensureImages(world, config, folder, nodePath, step));
  await list.step('example: manifests', async (step) => {
    await forgetSeed(world, client);
    step.note(`${await applyManifests(client, readManifests(join(folder, 'manifests')))} objects`);
  });
  await list.step('example: rollout', (step) => rolledOut(world, client, step));
  return list.step('example: answers', async (step) => {
    const service = await client.resource<Service>('services').in(namespace).get('web');
    const through = async (url: string): Promise<string> => {
      let answer = '';
      await waitUntil(world, url, { timeoutMs: 30_000, onReason: step.note }, async () => void (answer = await ask(world, url)));
      return answer;
    };
    const answers = {
      service: await through(`http://${service.spec?.clusterIP}`),
      dns: (await runProbe(world, client, { namespace, command: `wget -q -O - http://web.${namespace}.svc.${config.clusterDomain}`, timeoutMs: 60_000, onReason: step.note })).trim(),
      nodePort: await through(`http://${config.nodeIp}:${service.spec?.ports?.[0]?.nodePort}`),
    };
    step.note('');
    return answers;
  });
}
