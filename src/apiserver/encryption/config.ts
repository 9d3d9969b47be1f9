// EncryptionConfiguration (apiserver.config.k8s.io/v1): the file of --encryption-provider-config, decoded strictly,
// defaulted and validated. The file's hash says whether it has changed; its text is not kept, because it holds keys.
import { createHash } from 'node:crypto';
import { errorText, wrap } from '#base/errors.ts';
import { aggregateText } from '#machinery';
import { durationMs } from '../configuration/duration.ts';
import { decodeConfigurationFile } from '../configuration/decode-file.ts';
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

const fileType = { type: 'apiserver.v1.EncryptionConfiguration', apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration' };

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
    decoded = decodeConfigurationFile(bytes, fileType);
  } catch (error) {
    throw wrap(`error while parsing file: error decoding encryption provider configuration file "${path}"`, error);
  }
  const config = withDefaults(decoded);
  const problems = validateEncryptionConfiguration(config, reload);
  if (problems.length > 0) throw new Error(`error while parsing file: ${aggregateText(problems)}`);
  return { config, hash: configHash(bytes) };
}

/** As decoded: durations are texts still, and what was left out is absent or empty. */
interface WrittenConfiguration {
  readonly resources?: readonly WrittenResource[] | null;
}

interface WrittenResource {
  readonly resources?: readonly string[] | null;
  readonly providers?: readonly (Omit<ProviderConfiguration, 'kms'> & { readonly kms?: WrittenKms })[] | null;
}

interface WrittenKms {
  readonly apiVersion?: string;
  readonly name?: string;
  readonly cachesize?: number;
  readonly endpoint?: string;
  readonly timeout?: string;
}

function withDefaults({ resources }: WrittenConfiguration): EncryptionConfiguration {
  return {
    resources: (resources ?? []).map(({ resources: names, providers }) => ({
      resources: names ?? [],
      providers: (providers ?? []).map(({ kms, ...provider }) => (kms === undefined ? provider : { ...provider, kms: kmsDefaults(kms) })),
    })),
  };
}

function kmsDefaults(kms: WrittenKms): KmsConfiguration {
  const apiVersion = kms.apiVersion === undefined || kms.apiVersion === '' ? 'v1' : kms.apiVersion;
  const cachesize = kms.cachesize ?? (apiVersion === 'v1' ? defaultCacheSize : undefined);
  const timeout = kms.timeout === undefined ? defaultTimeoutMs : durationMs(kms.timeout);
  if (Number.isNaN(timeout)) throw new Error(`error while parsing file: time: invalid duration ${JSON.stringify(kms.timeout)}`);
  return { apiVersion, name: kms.name ?? '', endpoint: kms.endpoint ?? '', timeout, ...(cachesize === undefined ? {} : { cachesize }) };
}

/** The error of a file that cannot be read. */
export function unreadableConfig(path: string, error: unknown): Error {
  return new Error(`error while parsing file: error while loading file: error reading encryption provider configuration file "${path}": ${errorText(error)}`, { cause: undefined });
}
