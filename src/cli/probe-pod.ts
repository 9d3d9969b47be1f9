// A pod that asks one question from inside the cluster and says what it heard: the proof that pods run, names resolve
// and Services answer. It is deleted again.
import type { Pod } from '#api/core/v1.ts';
import { nameSuffix } from '#base/random.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client';
import { busyboxImage } from './node-layout.ts';
import { waitUntil } from './wait.ts';

export interface ProbeOptions {
  readonly namespace: string;
  readonly command: string;
  readonly timeoutMs: number;
  readonly onReason?: (reason: string) => void;
}

function reasonOf(pod: Pod): string {
  const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting;
  if (waiting?.reason !== undefined) return `${waiting.reason}${waiting.message === undefined ? '' : `: ${waiting.message}`}`;
  const scheduled = pod.status?.conditions?.find((c) => c.type === 'PodScheduled');
  return scheduled?.status === 'False' ? (scheduled.message ?? 'not scheduled') : `pod is ${pod.status?.phase ?? 'Pending'}`;
}

/** Runs a shell command in a fresh pod and returns what it printed; throws when it fails or time runs out. */
export async function runProbe(world: World, client: Client, options: ProbeOptions): Promise<string> {
  const pods = client.resource<Pod>('pods').in(options.namespace);
  const name = `skiff-probe-${nameSuffix(world.random)}`;
  await pods.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'skiff' } },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: 'probe', image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['/bin/sh', '-c', options.command] }],
    },
  });
  try {
    let last: Pod | undefined;
    await waitUntil(world, `pod ${name}`, { timeoutMs: options.timeoutMs, everyMs: 50, onReason: options.onReason }, async () => {
      last = await pods.get(name);
      return last.status?.phase === 'Succeeded' || last.status?.phase === 'Failed' ? undefined : reasonOf(last);
    });
    const output = Buffer.from(await client.raw('GET', `/api/v1/namespaces/${options.namespace}/pods/${name}/log`)).toString();
    if (last?.status?.phase === 'Failed') throw new Error(`${options.command}: ${output.trim() || 'failed without a word'}`);
    return output;
  } finally {
    await pods.delete(name, { gracePeriodSeconds: 0 }).catch(() => {});
  }
}
