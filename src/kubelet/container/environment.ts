// The environment of a container from every source: envFrom, values with references, ConfigMap and Secret
// keys, fields, resources, Service variables. Declared variables come first, in their order.
import type { ConfigMap, Container, EnvVar, Pod, Secret } from '#api/core/v1.ts';
import { isNotFound } from '#machinery';
import { namespaceOf } from '../pod.ts';
import { expand } from './expansion.ts';
import { type FieldContext, fieldValue, resourceValue } from './field-values.ts';

/** Reads of the objects that a pod refers to; rejects with a NotFound StatusError when there is none. */
export interface ReferenceReader {
  configMap(namespace: string, name: string): Promise<ConfigMap>;
  secret(namespace: string, name: string): Promise<Secret>;
}

export interface EnvironmentInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly reader: ReferenceReader;
  readonly fields: FieldContext;
  readonly services: ReadonlyMap<string, string>;
}

async function optionally<T>(optional: boolean | undefined, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (optional === true && isNotFound(error)) return undefined;
    throw error;
  }
}

export const secretText = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

async function addEnvFrom(input: EnvironmentInput, env: Map<string, string>): Promise<void> {
  const namespace = namespaceOf(input.pod);
  for (const source of input.container.envFrom ?? []) {
    const prefix = source.prefix ?? '';
    const { configMapRef, secretRef } = source;
    if (configMapRef !== undefined) {
      const map = await optionally(configMapRef.optional, () => input.reader.configMap(namespace, configMapRef.name ?? ''));
      for (const [key, value] of Object.entries(map?.data ?? {})) env.set(prefix + key, value);
    } else if (secretRef !== undefined) {
      const secret = await optionally(secretRef.optional, () => input.reader.secret(namespace, secretRef.name ?? ''));
      for (const [key, value] of Object.entries(secret?.data ?? {})) env.set(prefix + key, secretText(value));
    }
  }
}

/** undefined: the source is optional and absent, so the variable is not set. */
async function sourceValue(input: EnvironmentInput, variable: EnvVar): Promise<string | undefined> {
  const source = variable.valueFrom;
  const namespace = namespaceOf(input.pod);
  if (source?.fieldRef !== undefined) return fieldValue(source.fieldRef, input.pod, input.fields);
  if (source?.resourceFieldRef !== undefined) return resourceValue(source.resourceFieldRef, input.pod, input.container, input.fields);
  const { configMapKeyRef, secretKeyRef } = source ?? {};
  if (configMapKeyRef !== undefined) {
    const { name = '', key, optional } = configMapKeyRef;
    const map = await optionally(optional, () => input.reader.configMap(namespace, name));
    const value = map?.data?.[key];
    if (value === undefined && optional !== true) throw new Error(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
    return value;
  }
  if (secretKeyRef !== undefined) {
    const { name = '', key, optional } = secretKeyRef;
    const secret = await optionally(optional, () => input.reader.secret(namespace, name));
    const value = secret?.data?.[key];
    if (value === undefined && optional !== true) throw new Error(`couldn't find key ${key} in Secret ${namespace}/${name}`);
    return value === undefined ? undefined : secretText(value);
  }
  return '';
}

/** Rejects with upstream's text when a required source is absent (CreateContainerConfigError). */
export async function containerEnvironment(input: EnvironmentInput): Promise<Map<string, string>> {
  const env = new Map<string, string>();
  await addEnvFrom(input, env);
  for (const variable of input.container.env ?? []) {
    if (variable.value !== undefined && variable.value !== '') {
      env.set(variable.name, expand(variable.value, (name) => env.get(name) ?? input.services.get(name)));
      continue;
    }
    const value = variable.valueFrom === undefined ? '' : await sourceValue(input, variable);
    if (value !== undefined) env.set(variable.name, value);
  }
  for (const [name, value] of input.services) if (!env.has(name)) env.set(name, value);
  return env;
}
