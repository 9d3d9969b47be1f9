// ServiceAccount: every pod runs as an account that exists, and gets a projected token volume at the usual path
// unless it or its account says no. The volume is generated the same way by upstream, so that clients find
// their credentials: /var/run/secrets/kubernetes.io/serviceaccount.
import type { Container, ServiceAccount, Volume } from '#api/core/v1.ts';
import { sleep, type Clock } from '#base/clock.ts';
import { nameSuffix, randomInt, type Random } from '#base/random.ts';
import { forbidden } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, ObjectReader } from '../contract.ts';
import { containersOf, isPods, podOf, type PodObject } from './pod-shape.ts';
import { refused } from './refused.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const mirrorAnnotation = 'kubernetes.io/config.mirror';

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
      defaultMode: 0o644,
    },
  };
}

function mountToken(pod: PodObject, freshName: string): void {
  const own = pod.spec.volumes?.find((volume) => volume.name.startsWith('kube-api-access-'));
  const needing: Container[] = [...(pod.spec.initContainers ?? []), ...containersOf(pod.spec)].filter(
    (container) => container.volumeMounts?.some((mount) => mount.mountPath === mountPath) !== true,
  );
  if (needing.length === 0) return;
  const name = own?.name ?? freshName;
  for (const container of needing) (container.volumeMounts ??= []).push({ name, readOnly: true, mountPath });
  if (own === undefined) (pod.spec.volumes ??= []).push(tokenVolume(name));
}

/** Mirror pods stand for what a node runs anyway: they may not refer to API objects. */
function checkMirrorPod(pod: PodObject): void {
  const name = pod.metadata.name ?? '';
  if ((pod.spec.serviceAccountName ?? '') !== '') throw forbidden({ group: '', resource: 'pods' }, name, 'a mirror pod may not reference service accounts');
  if (pod.spec.volumes?.some((v) => v.projected?.sources?.some((source) => source.serviceAccountToken !== undefined) === true) === true) throw forbidden({ group: '', resource: 'pods' }, name, 'a mirror pod may not use ServiceAccountToken volume projections');
  if (pod.spec.volumes?.some((v) => v.secret !== undefined) === true) throw forbidden({ group: '', resource: 'pods' }, name, 'a mirror pod may not reference secrets');
}

/** An account may name the only Secrets that its pods use. */
function checkMountable(request: AdmissionRequest, pod: PodObject, account: ServiceAccount): void {
  const mountable = new Set((account.secrets ?? []).map((ref) => ref.name ?? ''));
  const pullable = new Set((account.imagePullSecrets ?? []).map((ref) => ref.name ?? ''));
  const name = account.metadata?.name ?? '';
  const refuse = (what: string, kind: string): Error => refused(request, `${what} is not allowed because service account ${name} does not reference that ${kind}`);
  for (const { secret } of pod.spec.volumes ?? []) {
    const used = secret?.secretName ?? '';
    if (used !== '' && !mountable.has(used)) throw refuse(`volume with secret.secretName="${used}"`, 'secret');
  }
  const groups = [['init container', pod.spec.initContainers ?? []], ['container', containersOf(pod.spec)]] as const;
  for (const [word, containers] of groups) {
    for (const container of containers) {
      for (const env of container.env ?? []) {
        const used = env.valueFrom?.secretKeyRef?.name;
        if (used !== undefined && !mountable.has(used)) throw refuse(`${word} ${container.name} with envVar ${env.name} referencing secret.secretName="${used}"`, 'secret');
      }
    }
  }
  for (const [at, ref] of (pod.spec.imagePullSecrets ?? []).entries()) {
    if (!pullable.has(ref.name ?? '')) throw refuse(`imagePullSecrets[${at}].name="${ref.name ?? ''}"`, 'imagePullSecret');
  }
}

/** A new namespace gets its default account from a controller, a moment later. */
const looksForDefault = 10;

export interface ServiceAccountParts {
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly random: Random;
  /** Asks the store when the cache has no such account yet. */
  lookup(namespace: string, name: string): Promise<KubeObject | undefined>;
}

async function findAccount({ reader, clock, random, lookup }: ServiceAccountParts, namespace: string, name: string): Promise<KubeObject | undefined> {
  const known = reader.get('', 'serviceaccounts', namespace, name);
  if (known !== undefined) return known;
  const pauseMs = 100 + randomInt(random, 100);
  for (let left = name === 'default' ? looksForDefault : 1; ; await sleep(clock, pauseMs)) {
    const found = await lookup(namespace, name);
    if (found !== undefined || --left === 0) return found;
  }
}

/** Waits up to two seconds for a default account that is on its way. */
export function serviceAccountPlugin(parts: ServiceAccountParts): AdmissionPlugin {
  // One name for all pods of this server's life: pods of one template stay equal, and are checked and encoded once.
  const freshName = `kube-api-access-${nameSuffix(parts.random)}`;
  return {
    name: 'ServiceAccount',
    handles: (operation, resource, subresource) => operation === 'CREATE' && isPods(resource) && subresource === '',
    async mutate(request) {
      const pod = podOf(request);
      if (pod === undefined) return;
      if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return checkMirrorPod(pod);
      if ((pod.spec.serviceAccountName ?? '') === '') pod.spec.serviceAccountName = 'default';
      const name = pod.spec.serviceAccountName ?? 'default';
      // The deprecated twin always shows the same name.
      pod.spec.serviceAccount = name;
      const account = (await findAccount(parts, request.namespace, name)) as ServiceAccount | undefined;
      if (account === undefined) throw refused(request, `error looking up service account ${request.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`);
      const wanted = pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
      if (wanted) mountToken(pod, freshName);
      if (account.metadata?.annotations?.['kubernetes.io/enforce-mountable-secrets'] === 'true') checkMountable(request, pod, account);
      if ((pod.spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets !== undefined) {
        pod.spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }));
      }
    },
  };
}
