// EncryptionConfiguration (apiserver.config.k8s.io/v1): the file of --encryption-provider-config, decoded strictly,
// defaulted and validated. The file's hash says whether it has changed; its text is not kept, because it holds keys.
import { createHash } from 'node:crypto';
import { errorText, wrap } from '#base/errors.ts';
import { aggregateText } from '#machinery';
import { decodeConfiguration, type Kinds, type ObjectShape } from '../configuration/strict-file.ts';
import { validateEncryptionConfiguration } from './validation.ts';

export interface EncryptionConfiguration {
  readonly resources?: readonly ResourceConfiguration[];
}

export interface ResourceConfiguration {
  readonly resources?: readonly string[];
  readonly providers?: readonly ProviderConfiguration[];
}

export interface ProviderConfiguration {
  readonly aesgcm?: KeysConfiguration;
  readonly aescbc?: KeysConfiguration;
  readonly secretbox?: KeysConfiguration;
  readonly identity?: Readonly<Record<string, never>>;
  readonly kms?: KmsConfiguration;
}

export interface KeysConfiguration {
  readonly keys?: readonly EncryptionKey[];
}

export interface EncryptionKey {
  readonly name?: string;
  /** Base64. */
  readonly secret?: string;
}

/** With its defaults. */
export interface KmsConfiguration {
  readonly apiVersion: string;
  readonly name: string;
  /** v1 only; a negative one turns the cache off. */
  readonly cachesize?: number;
  readonly endpoint: string;
  /** Milliseconds. */
  readonly timeout: number;
}

const keys: ObjectShape = { type: 'v1.AESConfiguration', fields: { keys: { list: { type: 'v1.Key', fields: { name: 'string', secret: 'string' } } } } };

const provider: ObjectShape = {
  type: 'v1.ProviderConfiguration',
  fields: {
    aesgcm: keys,
    aescbc: keys,
    secretbox: { ...keys, type: 'v1.SecretboxConfiguration' },
    identity: { type: 'v1.IdentityConfiguration', fields: {} },
    kms: { type: 'v1.KMSConfiguration', fields: { apiVersion: 'string', name: 'string', cachesize: 'int32', endpoint: 'string', timeout: 'duration' } },
  },
};

const kinds: Kinds = {
  'apiserver.config.k8s.io/v1/EncryptionConfiguration': {
    type: 'v1.EncryptionConfiguration',
    fields: {
      resources: { list: { type: 'v1.ResourceConfiguration', fields: { resources: { list: 'string' }, providers: { list: provider } } } },
    },
  },
};

const defaultTimeoutMs = 3000;
const defaultCacheSize = 1000;

export interface LoadedConfig {
  readonly config: EncryptionConfiguration;
  /** "sha256:…" of the file. */
  readonly hash: string;
}

/** The hash of a configuration file's bytes. */
export function configHash(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/**
 * Decodes, defaults and validates.
 * @param path For error texts.
 * @param reload Is the file followed? Then names of key services must be unique for v1 too.
 */
export function parseEncryptionConfig(bytes: Uint8Array, path: string, reload: boolean): LoadedConfig {
  if (bytes.length === 0) throw new Error(`error while parsing file: error while loading file: encryption provider configuration file "${path}" is empty`);
  let decoded: Record<string, unknown>;
  try {
    decoded = decodeConfiguration(bytes, kinds);
  } catch (error) {
    throw wrap(`error while parsing file: error decoding encryption provider configuration file "${path}"`, error);
  }
  const config = withDefaults(decoded as EncryptionConfiguration);
  const problems = validateEncryptionConfiguration(config, reload);
  if (problems.length > 0) throw new Error(`error while parsing file: ${aggregateText(problems)}`);
  return { config, hash: configHash(bytes) };
}

function withDefaults(config: EncryptionConfiguration): EncryptionConfiguration {
  const resources = config.resources?.map((resource) => ({
    ...resource,
    ...(resource.providers === undefined ? {} : { providers: resource.providers.map((each) => (each.kms === undefined ? each : { ...each, kms: kmsDefaults(each.kms) })) }),
  }));
  return resources === undefined ? config : { ...config, resources };
}

function kmsDefaults(kms: Partial<KmsConfiguration>): KmsConfiguration {
  const apiVersion = kms.apiVersion === undefined || kms.apiVersion === '' ? 'v1' : kms.apiVersion;
  const cachesize = kms.cachesize ?? (apiVersion === 'v1' ? defaultCacheSize : undefined);
  return { apiVersion, name: kms.name ?? '', endpoint: kms.endpoint ?? '', timeout: kms.timeout ?? defaultTimeoutMs, ...(cachesize === undefined ? {} : { cachesize }) };
}

/** The error of a file that cannot be read. */
export function unreadableConfig(path: string, error: unknown): Error {
  return new Error(`error while parsing file: error while loading file: error reading encryption provider configuration file "${path}": ${errorText(error)}`, { cause: undefined });
}
