// From a validated EncryptionConfiguration to transformers per resource, with the health checks of its key services.
// Providers of one list are tried in order for reads; the first writes. A rule that an earlier wildcard hides is an
// error, because it would do nothing.
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { HealthCheck } from '../health/checks.ts';
import { aesCbc, aesGcm } from './aes.ts';
import type { EncryptionConfiguration, KeysConfiguration, KmsConfiguration, ProviderConfiguration } from './config.ts';
import { anyResource, configuredName, groupResourceName, parseGroupResource, type GroupResource } from './group-resource.ts';
import { createKmsService, createKmsV1Service } from './kms-service.ts';
import { createKmsV1Provider } from './kms-v1.ts';
import { startKmsProvider, type KmsProvider } from './kms-v2.ts';
import type { EncryptionMetrics } from './metrics.ts';
import { secretbox } from './secretbox.ts';
import { byPrefix, identity, type PrefixedTransformer, type Transformer } from './transformer.ts';

export interface Gates {
  /** The deprecated KMSv1 feature gate. */
  readonly kmsV1?: boolean;
}

export interface Providers {
  /** For a resource that nothing configures: plain values, encrypted ones refused. */
  transformerFor(resource: GroupResource): Transformer;
  /** Is the resource named, by itself or by a wildcard? */
  covers(resource: GroupResource): boolean;
  /** "kms-provider-0", … in the order of the file. */
  readonly checks: readonly HealthCheck[];
  readonly usesV1: boolean;
  readonly usesV2: boolean;
  /** After being replaced, key services live this long for what is under way. */
  readonly graceMs: number;
  close(): void;
}

const noMatch = 'no matching prefix found';

interface Opened {
  readonly prefixed: PrefixedTransformer;
  readonly kms?: KmsProvider;
}

/** Connects to key services. Throws for rules that are hidden by earlier ones and for KMS v1 without its gate. */
export async function openProviders(world: World, config: EncryptionConfiguration, metrics: EncryptionMetrics, gates: Gates): Promise<Providers> {
  const rules = new Map<string, PrefixedTransformer[]>();
  const services: KmsProvider[] = [];
  const versions = new Set<string>();
  let timeoutsMs = 0;
  try {
    for (const entry of config.resources ?? []) {
      const transformers: PrefixedTransformer[] = [];
      for (const provider of entry.providers ?? []) {
        const opened = await openProvider(world, provider, metrics, gates);
        transformers.push(opened.prefixed);
        if (opened.kms === undefined || provider.kms === undefined) continue;
        services.push(opened.kms);
        versions.add(provider.kms.apiVersion);
        // A check of v1 is two calls.
        timeoutsMs += provider.kms.timeout * (provider.kms.apiVersion === 'v1' ? 2 : 1);
      }
      for (const name of entry.resources ?? []) addRule(rules, parseGroupResource(name), transformers);
    }
  } catch (error) {
    for (const service of services) service.close();
    throw new Error(`error while building transformers: ${errorText(error)}`, { cause: undefined });
  }
  const find = (resource: GroupResource): PrefixedTransformer[] | undefined =>
    rules.get(groupResourceName(resource)) ?? rules.get(groupResourceName({ group: resource.group, resource: anyResource })) ?? rules.get('*.*');
  return {
    transformerFor(resource) {
      const choices = find(resource);
      return choices === undefined ? identity : byPrefix(choices, noMatch, { clock: world.clock, metrics, resource: groupResourceName(resource) });
    },
    covers: (resource) => find(resource) !== undefined,
    checks: services.map((service, at) => ({ name: `kms-provider-${at}`, check: () => service.check() })),
    usesV1: versions.has('v1'),
    usesV2: versions.has('v2'),
    graceMs: 2 * timeoutsMs,
    close() {
      for (const service of services) service.close();
    },
  };
}

/** A resource named in several entries has all their providers. */
function addRule(rules: Map<string, PrefixedTransformer[]>, resource: GroupResource, transformers: readonly PrefixedTransformer[]): void {
  for (const hiding of [{ group: resource.group, resource: anyResource }, { group: anyResource, resource: anyResource }]) {
    if (rules.has(groupResourceName(hiding))) throw new Error(`resource ${JSON.stringify(configuredName(resource))} is masked by earlier rule ${JSON.stringify(configuredName(hiding))}`);
  }
  const name = groupResourceName(resource);
  rules.set(name, [...(rules.get(name) ?? []), ...transformers]);
}

async function openProvider(world: World, provider: ProviderConfiguration, metrics: EncryptionMetrics, gates: Gates): Promise<Opened> {
  const { aesgcm, aescbc, secretbox: box, kms } = provider;
  if (aesgcm !== undefined) return { prefixed: keyed('k8s:enc:aesgcm:v1:', aesgcm, 'AES', (key) => aesGcm(world.random, key)) };
  if (aescbc !== undefined) return { prefixed: keyed('k8s:enc:aescbc:v1:', aescbc, 'AES', (key) => aesCbc(world.random, key)) };
  if (box !== undefined) return { prefixed: keyed('k8s:enc:secretbox:v1:', box, 'Secretbox', (key) => secretbox(world.random, key)) };
  if (kms !== undefined) return openKms(world, kms, metrics, gates);
  return { prefixed: { prefix: '', transformer: identity } };
}

function keyed(prefix: string, { keys = [] }: KeysConfiguration, provider: string, make: (key: Uint8Array) => Transformer): PrefixedTransformer {
  const byName = keys.map((key) => ({ prefix: `${key.name ?? ''}:`, transformer: make(Uint8Array.from(Buffer.from(key.secret ?? '', 'base64'))) }));
  return { prefix, transformer: byPrefix(byName, `no matching key was found for the provided ${provider} transformer`) };
}

async function openKms(world: World, kms: KmsConfiguration, metrics: EncryptionMetrics, gates: Gates): Promise<Opened> {
  if (kms.apiVersion === 'v1') {
    const deprecated = 'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.';
    if (gates.kmsV1 !== true) throw new Error(`${deprecated}  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.`);
    world.log.info(deprecated);
    const provider = createKmsV1Provider(world, kms, createKmsV1Service(world, kms), metrics);
    return { prefixed: { prefix: `k8s:enc:kms:v1:${kms.name}:`, transformer: provider.transformer }, kms: provider };
  }
  const provider = await startKmsProvider(world, kms.name, createKmsService(world, kms, metrics), metrics);
  return { prefixed: { prefix: `k8s:enc:kms:v2:${kms.name}:`, transformer: provider.transformer }, kms: provider };
}
