// One object of a configuration file (YAML or JSON), decoded after the tables of src/api: strictly, or leniently with the
// strict reader's complaints told aside. Error texts are upstream's.
import { decodeObject, isObject, parseYaml, StatusError, type KubeObject } from '#machinery';

export interface ConfigurationType {
  /** "apiserver.v1.EncryptionConfiguration" */
  readonly type: string;
  readonly apiVersion: string;
  readonly kind: string;
}

/** What a request's refusal says before the reason. */
const refusalHead = /^.* in version ".*" cannot be handled as an? \w+: /;

/**
 * Throws an Error with upstream's text.
 * @param lenient Told instead what a strict reader would refuse; unknown fields are then left out.
 */
export function decodeConfigurationFile(bytes: Uint8Array, { type, apiVersion, kind }: ConfigurationType, lenient?: (problem: string) => void): Record<string, unknown> {
  try {
    const { object, warnings } = decodeObject(bytes, { type, contentType: 'application/yaml', fieldValidation: lenient === undefined ? 'Strict' : 'Warn' });
    if (object.apiVersion !== apiVersion || object.kind !== kind) throw new Error(`no kind "${object.kind ?? ''}" is registered for version "${object.apiVersion ?? ''}" in scheme`);
    if (warnings.length > 0) lenient?.(`strict decoding error: ${warnings.join(', ')}`);
    return object;
  } catch (error) {
    if (error instanceof StatusError) throw new Error(error.message.replace(refusalHead, ''), { cause: undefined });
    throw error;
  }
}

const group = 'apiserver.config.k8s.io';

/** A file of one of several versions whose shapes are alike, decoded strictly; what is null there is absent. Throws an Error with upstream's text. */
export function decodeConfiguration(text: string, kind: string, versions: readonly string[]): KubeObject {
  const parsed: unknown = parseYaml(text);
  const head = isObject(parsed) ? parsed : {};
  const apiVersion = versions.map((version) => `${group}/${version}`).find((version) => head.apiVersion === version);
  if (apiVersion === undefined || head.kind !== kind) throw new Error(`no kind ${JSON.stringify(head.kind ?? '')} is registered for version ${JSON.stringify(head.apiVersion ?? '')} in scheme`);
  return withoutNulls(decodeConfigurationFile(Buffer.from(text), { type: `apiserver.v1.${kind}`, apiVersion, kind })) as KubeObject;
}

/** Go writes what is absent as null. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, own]) => (own === null || own === undefined ? [] : [[key, withoutNulls(own)]])));
}
