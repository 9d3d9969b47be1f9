// kube-system/extension-apiserver-authentication: whom extension API servers may believe, which is whom this server
// believes. What other servers, or this one before, have written there stays beside it: clients of an authority that is
// being replaced, or of another server's, are not cut off. Certificates that have run out go. As upstream's
// cluster_authentication_trust_controller does it.
import type { Clock } from '#base/clock.ts';
import { isAlreadyExists, isConflict } from '#machinery';
import { parseCertificate, pemBlocks, pemEncode } from '#wire';
import { commonHeaders, type RequestHeaderSettings } from '../authn/index.ts';
import type { KubeObject, ObjectWriter, PostStartHook } from '../contract.ts';

export interface TrustedClients {
  /** PEM of the CA for client certificates. */
  readonly clientCa?: string;
  readonly requestHeaderCa?: string;
  /** How a proxy tells whom it speaks for; absent: the usual names. */
  readonly requestHeader?: RequestHeaderSettings;
}

type Data = Readonly<Record<string, string>>;

const [namespace, name] = ['kube-system', 'extension-apiserver-authentication'];
const attempts = 5;

/** Makes the ConfigMap tell what this server trusts. */
export async function publishTrustedClients(clock: Pick<Clock, 'now'>, writer: ObjectWriter, trusted: TrustedClients): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await writer.lookup('', 'configmaps', namespace, name);
    const before = dataOf(found);
    const data = combined(before, trusted, clock.now());
    try {
      if (found === undefined) await writer.create('', 'configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data });
      else if (!isSame(before, data)) await writer.update('', 'configmaps', { ...found, data });
      return;
    } catch (error) {
      if (attempt === attempts || !(isAlreadyExists(error) || isConflict(error))) throw error;
    }
  }
}

/** The same once the server has started. */
export function clusterAuthenticationHook(clock: Pick<Clock, 'now'>, trusted: TrustedClients): PostStartHook {
  return { name: 'start-cluster-authentication-info-controller', run: (writer) => publishTrustedClients(clock, writer, trusted) };
}

function dataOf(map: KubeObject | undefined): Data {
  const data = map?.data;
  return typeof data === 'object' && data !== null ? (data as Data) : {};
}

function isSame(a: Data, b: Data): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function combined(before: Data, trusted: TrustedClients, now: number): Data {
  const { requestHeader = { ...commonHeaders, allowedNames: ['front-proxy-client'] } } = trusted;
  const clientCa = certificates(now, before['client-ca-file'], trusted.clientCa);
  const proxyCa = certificates(now, before['requestheader-client-ca-file'], trusted.requestHeaderCa);
  const own = trusted.requestHeaderCa === undefined ? undefined : requestHeader;
  const list = (key: string, more: readonly string[] = []): string => JSON.stringify([...new Set([...listed(before[key]), ...more])]);
  const uids = list('requestheader-uid-headers', own?.uidHeaders);
  return {
    ...(clientCa === '' ? {} : { 'client-ca-file': clientCa }),
    ...(proxyCa === ''
      ? {}
      : {
          'requestheader-allowed-names': list('requestheader-allowed-names', own?.allowedNames),
          'requestheader-client-ca-file': proxyCa,
          'requestheader-extra-headers-prefix': list('requestheader-extra-headers-prefix', own?.extraHeaderPrefixes),
          'requestheader-group-headers': list('requestheader-group-headers', own?.groupHeaders),
          ...(uids === '[]' ? {} : { 'requestheader-uid-headers': uids }),
          'requestheader-username-headers': list('requestheader-username-headers', own?.usernameHeaders),
        }),
  };
}

/** What is no list counts as none: it is written anew. */
function listed(text: string | undefined): string[] {
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}

/** Each certificate once, in order, without those that have run out or that nobody can read. */
function certificates(now: number, ...bundles: readonly (string | undefined)[]): string {
  const found = new Set<string>();
  for (const bundle of bundles) {
    for (const { label, der } of pemBlocks(bundle ?? '')) {
      const pem = pemEncode(label, der);
      if (label === 'CERTIFICATE' && !hasRunOut(pem, now)) found.add(pem);
    }
  }
  return [...found].join('');
}

function hasRunOut(pem: string, now: number): boolean {
  try {
    return parseCertificate(pem).notAfterMs < now;
  } catch {
    return true;
  }
}
