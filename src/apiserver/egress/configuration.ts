// EgressSelectorConfiguration (apiserver.k8s.io/v1beta1 and v1alpha1; KEP-1281): which way leads to the cluster, to the
// control plane and to etcd. Read strictly and checked in upstream's words.
import { existsSync, readFileSync } from 'node:fs';
import type { Connection, EgressSelectorConfiguration, TCPTransport, TLSConfig, Transport, UDSTransport } from '#api/apiserver/v1beta1.ts';
import { codeOf, errorText } from '#base/errors.ts';
import { aggregateText, duplicate, invalidValue, isObject, notSupported, parseYaml, required, type FieldError } from '#machinery';
import { decodeConfigurationFile } from '../configuration/decode-file.ts';

export type EgressName = 'cluster' | 'controlplane' | 'etcd';

export interface EgressSelection {
  readonly name: EgressName;
  readonly connection: Connection;
}

const group = 'apiserver.k8s.io';
const kind = 'EgressSelectorConfiguration';
const protocols = ['Direct', 'HTTPConnect', 'GRPC'];
const names: readonly EgressName[] = ['cluster', 'controlplane', 'etcd'];
const at = 'service.connection';

function isName(text: string): text is EgressName {
  return names.some((name) => name === text);
}

/** Throws an Error with upstream's text. */
export function readEgressSelections(path: string): EgressSelection[] {
  if (!existsSync(path)) throw new Error(`egress-selector-config-file ${path} does not exist`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`failed to read egress selector config: unable to read egress selector configuration from ${JSON.stringify(path)} [open ${path}: ${codeOf(error) === 'EACCES' ? 'permission denied' : errorText(error)}]`, { cause: error });
  }
  let selections: NonNullable<EgressSelectorConfiguration['egressSelections']>;
  try {
    selections = decode(text).egressSelections ?? [];
  } catch (error) {
    throw new Error(`failed to read egress selector config: ${errorText(error)}`, { cause: undefined });
  }
  // The name of old is taken for the new one as the file is decoded, and only as it was written.
  const named = selections.map(({ name = '', connection = {} }) => ({ name: name === 'master' ? 'controlplane' : name.toLowerCase(), connection }));
  const errors = [...named.flatMap(({ connection }) => connectionErrors(connection)), ...nameErrors(named.map(({ name }) => name))];
  if (errors.length > 0) throw new Error(`failed to validate egress selector configuration: ${aggregateText(errors)}`);
  return named.flatMap(({ name, connection }) => (isName(name) ? [{ name, connection }] : []));
}

function decode(text: string): EgressSelectorConfiguration {
  const parsed: unknown = parseYaml(text);
  const head = isObject(parsed) ? parsed : {};
  for (const field of ['kind', 'apiVersion'] as const) if ((head[field] ?? '') === '') throw new Error(`Object '${field === 'kind' ? 'Kind' : field}' is missing in '${text}'`);
  const version = ['v1beta1', 'v1alpha1'].find((one) => head.apiVersion === `${group}/${one}`);
  if (version === 'v1alpha1' && head.kind === 'AdmissionConfiguration') throw new Error(`unexpected config type: ${group}/v1alpha1, Kind=AdmissionConfiguration`);
  if (version === undefined || head.kind !== kind) throw new Error(`no kind ${JSON.stringify(head.kind)} is registered for version ${JSON.stringify(head.apiVersion)} in scheme`);
  return decodeConfigurationFile(Buffer.from(text), { type: `apiserver.${version}.${kind}`, apiVersion: `${group}/${version}`, kind });
}

function nameErrors(given: readonly string[]): FieldError[] {
  return given.flatMap((name, index) => {
    if (given.indexOf(name) < index) return [duplicate(`${at}[${index}]`, name)];
    return isName(name) ? [] : [notSupported(at, name, names)];
  });
}

function connectionErrors({ proxyProtocol = '', transport }: Connection): FieldError[] {
  if (proxyProtocol === 'Direct') return transport === undefined ? [] : [invalidValue(`${at}.transport`, 'direct', 'config must be absent for direct connect')];
  if (proxyProtocol === 'HTTPConnect') return connectErrors(transport);
  if (proxyProtocol === 'GRPC') return grpcErrors(transport);
  return [notSupported(`${at}.protocol`, proxyProtocol, protocols)];
}

function connectErrors(transport: Transport | undefined): FieldError[] {
  if (transport === undefined) return [required(`${at}.transport`, 'transport must be set for HTTPConnect')];
  const { tcp, uds } = transport;
  if (tcp !== undefined && uds !== undefined) return [invalidValue(`${at}.tcp`, { URL: tcp.url ?? '', TLSConfig: goTls(tcp.tlsConfig) }, 'TCP and UDS cannot both be set')];
  if (tcp !== undefined) return tcpErrors(tcp);
  return uds === undefined ? [required(`${at}.tcp`, 'One of TCP or UDS must be set')] : udsErrors(uds);
}

/** As Go shows the values of its own types. */
function goTls(tls: TLSConfig | undefined): object | null {
  return tls === undefined ? null : { CABundle: tls.caBundle ?? '', ClientKey: tls.clientKey ?? '', ClientCert: tls.clientCert ?? '', TLSServerName: tls.tlsServerName ?? '' };
}

function grpcErrors(transport: Transport | undefined): FieldError[] {
  if (transport === undefined) return [required(`${at}.transport`, 'transport must be set for GRPC')];
  return transport.uds === undefined ? [required(`${at}.uds`, 'UDS must be set with GRPC')] : udsErrors(transport.uds);
}

function udsErrors({ udsName = '' }: UDSTransport): FieldError[] {
  return udsName === '' ? [invalidValue(`${at}.udsName`, 'nil', 'must be present for UDS connections')] : [];
}

function tcpErrors({ url = '', tlsConfig }: TCPTransport): FieldError[] {
  if (url.startsWith('http://')) return tlsConfig === undefined ? [] : [invalidValue(`${at}.tlsConfig`, 'nil', 'config must not be present when using HTTP')];
  if (!url.startsWith('https://')) return [invalidValue(`${at}.url`, url, 'supported connection protocols are http:// and https://')];
  if (tlsConfig === undefined) return [required(`${at}.tlsConfig`, 'TLSConfig must be present when using HTTPS')];
  const { caBundle = '', clientCert = '', clientKey = '' } = tlsConfig;
  const file = (name: string, path: string, absent: string, missing: string): FieldError[] => {
    if (path === '') return absent === '' ? [] : [invalidValue(`${at}.tlsConfig.${name}`, 'nil', absent)];
    return existsSync(path) ? [] : [invalidValue(`${at}.tlsConfig.${name}`, path, missing)];
  };
  return [
    ...file('caBundle', caBundle, '', 'TLS config ca bundle does not exist'),
    ...file('clientCert', clientCert, 'Using TLS requires clientCert', 'TLS client cert does not exist'),
    ...file('clientKey', clientKey, 'Using TLS requires requires clientKey', 'TLS client key does not exist'),
  ];
}
