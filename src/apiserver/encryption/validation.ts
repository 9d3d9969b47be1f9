// What an EncryptionConfiguration must fulfil, in upstream's words (apis/apiserver/validation). Keys are never shown.
import { child, goQuote, index, invalidValue, required, type FieldError } from '#machinery';
import { formatGoDuration } from '../configuration/duration-text.ts';
import type { EncryptionConfiguration, EncryptionKey, KmsConfiguration, ProviderConfiguration } from './config.ts';
import { anyResource, parseGroupResource } from './group-resource.ts';

const aesKeyBytes = [16, 24, 32];
const secretboxKeyBytes = [32];
const oneElement = 'more than one provider specified in a single element, should split into different list elements';
const noElement = 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity';
const eventsGroup = "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
const extensionsGroup = "'extensions' group has been removed and cannot be used for encryption";
const bareStar = "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
const overlap = "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
const noRest = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'];

const atLeastOne = (what: string): string => `at least one ${what} is required`;
const mandatory = (field: string, of: string): string => `${field} is a mandatory field for a ${of}`;

/** @param reload The file is followed while the server runs. */
export function validateEncryptionConfiguration(config: EncryptionConfiguration, reload: boolean): FieldError[] {
  const root = 'resources';
  const entries = config.resources ?? [];
  if (entries.length === 0) return [required(root, atLeastOne(root))];
  const errors: FieldError[] = [];
  const kmsNames = new Set<string>();
  entries.forEach((entry, at) => {
    const resourcesAt = child(index(root, at), 'resources');
    const providersAt = child(index(root, at), 'providers');
    const resources = entry.resources ?? [];
    const providers = entry.providers ?? [];
    if (resources.length === 0) errors.push(required(resourcesAt, atLeastOne(resourcesAt)));
    errors.push(...overlapErrors(resources, resourcesAt), ...resources.flatMap((name, n) => nameErrors(name, index(resourcesAt, n))));
    if (providers.length === 0) errors.push(required(providersAt, atLeastOne(providersAt)));
    providers.forEach((provider, n) => errors.push(...providerErrors(provider, index(providersAt, n), kmsNames, reload)));
  });
  return errors;
}

function overlapErrors(names: readonly string[], path: string): FieldError[] {
  if (names.length < 2) return [];
  const resources = names.map(parseGroupResource);
  let duplicated = false;
  let overlapping = false;
  resources.forEach((one, i) => {
    resources.forEach((other, j) => {
      if (i === j) return;
      const same = one.group === other.group && one.resource === other.resource;
      if (same && !duplicated) {
        duplicated = true;
        return;
      }
      if (one.group === '*' && one.resource === '*') overlapping = true;
      else if (one.group === other.group && (one.resource === '*' || other.resource === '*')) overlapping = true;
    });
  });
  const errors: FieldError[] = [];
  if (duplicated) errors.push(invalidValue(path, names, 'the same resource cannot be specified multiple times'));
  if (overlapping) errors.push(invalidValue(path, names, overlap));
  return errors;
}

function nameErrors(name: string, path: string): FieldError[] {
  const refuse = (detail: string): FieldError[] => [invalidValue(path, name, detail)];
  if (name.toLowerCase() !== name) return refuse('resource name should not contain capital letters');
  if (name === '*') return refuse(bareStar);
  if (noRest.includes(name)) return refuse('resources which do not have REST API/s cannot be encrypted');
  const { group, resource } = parseGroupResource(name);
  if (group === 'events.k8s.io') return refuse(eventsGroup);
  if (group === 'extensions') return refuse(extensionsGroup);
  if (group === anyResource && resource !== anyResource) return refuse('encrypting the same resource across groups is not supported');
  return [];
}

function providerErrors(provider: ProviderConfiguration, path: string, kmsNames: Set<string>, reload: boolean): FieldError[] {
  const { aesgcm, aescbc, secretbox, identity, kms } = provider;
  const found = [kms, aesgcm, aescbc, secretbox, identity].filter((each) => each !== undefined).length;
  const errors: FieldError[] = [];
  if (found === 0) errors.push(invalidValue(path, shown(provider), noElement));
  if (found > 1) errors.push(invalidValue(path, shown(provider), oneElement));
  if (kms !== undefined) {
    errors.push(...kmsErrors(kms, child(path, 'kms'), kmsNames, reload));
    kmsNames.add(kms.name);
  } else if (aesgcm !== undefined) errors.push(...keysErrors(aesgcm.keys ?? [], child(path, 'aesgcm', 'keys'), aesKeyBytes));
  else if (aescbc !== undefined) errors.push(...keysErrors(aescbc.keys ?? [], child(path, 'aescbc', 'keys'), aesKeyBytes));
  else if (secretbox !== undefined) errors.push(...keysErrors(secretbox.keys ?? [], child(path, 'secretbox', 'keys'), secretboxKeyBytes));
  return errors;
}

/** A provider as an error shows it: Go's field names, no key. */
function shown(provider: ProviderConfiguration): unknown {
  const keys = (of: { keys?: readonly EncryptionKey[] } | undefined): unknown =>
    of === undefined ? null : { Keys: of.keys?.map((key) => ({ Name: key.name ?? '', Secret: '[REDACTED]' })) ?? null };
  return { AESGCM: keys(provider.aesgcm), AESCBC: keys(provider.aescbc), Secretbox: keys(provider.secretbox), Identity: provider.identity ?? null, KMS: provider.kms ?? null };
}

function keysErrors(keys: readonly EncryptionKey[], path: string, sizes: readonly number[]): FieldError[] {
  if (keys.length === 0) return [required(path, atLeastOne('keys'))];
  return keys.flatMap((key, at) => keyErrors(key, index(path, at), sizes));
}

function keyErrors(key: EncryptionKey, path: string, sizes: readonly number[]): FieldError[] {
  const errors: FieldError[] = [];
  const secretAt = child(path, 'secret');
  const secret = key.secret ?? '';
  if ((key.name ?? '') === '') errors.push(required(child(path, 'name'), mandatory('name', 'key')));
  if (secret === '') return [...errors, required(secretAt, mandatory('secret', 'key'))];
  const bytes = decodeBase64(secret);
  if (bytes === undefined) return [...errors, invalidValue(secretAt, 'REDACTED', 'secrets must be base64 encoded')];
  if (sizes.includes(bytes.length)) return errors;
  return [...errors, invalidValue(secretAt, 'REDACTED', `secret is not of the expected length, got ${bytes.length}, expected one of [${sizes.join(' ')}]`)];
}

/** As Go's StdEncoding: padded, line ends allowed, nothing else. */
function decodeBase64(input: string): Buffer | undefined {
  const plain = input.replace(/[\r\n]/g, '');
  if (plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) return undefined;
  return Buffer.from(plain, 'base64');
}

function kmsErrors(kms: KmsConfiguration, path: string, names: ReadonlySet<string>, reload: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const nameAt = child(path, 'name');
  if (kms.name === '') errors.push(required(nameAt, mandatory('name', 'provider')));
  if (kms.apiVersion !== 'v1' && kms.name.includes(':')) errors.push(invalidValue(nameAt, kms.name, `invalid KMS provider name ${kms.name}, must not contain ':'`));
  if ((reload || kms.apiVersion !== 'v1') && names.has(kms.name)) errors.push(invalidValue(nameAt, kms.name, `duplicate KMS provider name ${kms.name}, names must be unique`));
  if (kms.timeout <= 0) errors.push(invalidValue(child(path, 'timeout'), formatGoDuration(kms.timeout), 'timeout should be a positive value'));
  errors.push(...endpointErrors(kms.endpoint, child(path, 'endpoint')));
  const sizeAt = child(path, 'cachesize');
  if (kms.apiVersion !== 'v1' && kms.cachesize !== undefined) errors.push(invalidValue(sizeAt, kms.cachesize, 'cachesize is not supported in v2'));
  if (kms.apiVersion === 'v1' && kms.cachesize === 0) errors.push(invalidValue(sizeAt, 0, 'cachesize should be a positive value, or negative to disable'));
  if (kms.apiVersion !== 'v1' && kms.apiVersion !== 'v2') {
    errors.push(invalidValue(child(path, 'apiVersion'), kms.apiVersion, 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported'));
  }
  return errors;
}

function endpointErrors(endpoint: string, path: string): FieldError[] {
  if (endpoint === '') return [invalidValue(path, '', mandatory('endpoint', 'kms'))];
  const problem = urlProblem(endpoint);
  if (problem !== undefined) return [invalidValue(path, endpoint, `invalid endpoint for kms provider, error: parse ${goQuote(endpoint)}: ${problem}`)];
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? '';
  if (scheme !== 'unix') return [invalidValue(path, endpoint, `unsupported scheme ${goQuote(scheme)} for KMS provider, only unix is supported`)];
  return [];
}

/** What Go's url.Parse says against the endpoints that people get wrong. */
function urlProblem(endpoint: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\x00-\x1f\x7f]/.test(endpoint)) return 'net/url: invalid control character in URL';
  if (endpoint.startsWith(':')) return 'missing protocol scheme';
  const first = endpoint.split('/', 1)[0] ?? '';
  if (first.includes(':') && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(first)) return 'first path segment in URL cannot contain colon';
  const escape = /%(?![0-9A-Fa-f]{2})(.{0,2})/.exec(endpoint);
  return escape === null ? undefined : `invalid URL escape ${goQuote(`%${escape[1] ?? ''}`)}`;
}
