// A kubeconfig file as the server itself uses one: how to reach a webhook that is configured by file, and how to
// identify oneself to webhooks in general. Certificates and keys come inline or from files beside the kubeconfig.
// Credential plugins are refused: the server starts no processes.
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { wrap } from '#base/errors.ts';
import { isObject, parseYaml } from '#machinery';
import type { ClientCredentials } from './credentials.ts';

export interface KubeconfigCluster {
  readonly server: string;
  readonly ca?: string;
  readonly serverName?: string;
  readonly insecure: boolean;
}

export interface Kubeconfig {
  readonly users: ReadonlyMap<string, ClientCredentials>;
  /** The user of the current context; undefined without one. */
  readonly currentUser: string | undefined;
  /** The cluster of the current context. Throws when there is none. */
  currentCluster(): KubeconfigCluster;
}

type Fields = Readonly<Record<string, unknown>>;

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function rowsOf(config: Fields, list: string, part: string): Map<string, Fields> {
  const rows = config[list];
  const found = new Map<string, Fields>();
  if (!Array.isArray(rows)) return found;
  for (const row of rows as unknown[]) {
    const name = isObject(row) ? text(row, 'name') : undefined;
    const value = isObject(row) ? row[part] : undefined;
    if (name !== undefined) found.set(name, isObject(value) ? value : {});
  }
  return found;
}

/** Reads a kubeconfig. Throws when the file, or one that it names, is not readable. */
export function readKubeconfig(path: string): Kubeconfig {
  const folder = dirname(path);
  const fileText = (name: string): string => readFileSync(isAbsolute(name) ? name : join(folder, name), 'utf8');
  const pem = (fields: Fields, inline: string, file: string): string | undefined => {
    const data = text(fields, inline);
    if (data !== undefined) return Buffer.from(data, 'base64').toString();
    const name = text(fields, file);
    return name === undefined ? undefined : fileText(name);
  };
  let config: unknown;
  try {
    config = parseYaml(fileText(path));
  } catch (error) {
    throw wrap(`read kubeconfig ${path}`, error);
  }
  if (!isObject(config)) throw new Error(`kubeconfig ${path}: no mapping`);
  const users = new Map<string, ClientCredentials>();
  for (const [name, user] of rowsOf(config, 'users', 'user')) {
    if (user.exec !== undefined) throw new Error(`kubeconfig ${path}: user "${name}": credential plugins are not supported here`);
    if (user['auth-provider'] !== undefined) throw new Error('auth provider not supported');
    const tokenFile = text(user, 'tokenFile');
    users.set(name, {
      token: text(user, 'token'), ...(tokenFile === undefined ? {} : { readToken: () => fileText(tokenFile).trim() }), username: text(user, 'username'), password: text(user, 'password'),
      cert: pem(user, 'client-certificate-data', 'client-certificate'), key: pem(user, 'client-key-data', 'client-key'),
    });
  }
  const current = rowsOf(config, 'contexts', 'context').get(text(config, 'current-context') ?? '');
  const clusters = rowsOf(config, 'clusters', 'cluster');
  return {
    users,
    currentUser: current === undefined ? undefined : text(current, 'user'),
    currentCluster() {
      const cluster = clusters.get((current === undefined ? undefined : text(current, 'cluster')) ?? '');
      const server = cluster === undefined ? undefined : text(cluster, 'server');
      if (cluster === undefined || server === undefined) throw new Error(`kubeconfig ${path}: the current context names no cluster with a server`);
      return { server, ca: pem(cluster, 'certificate-authority-data', 'certificate-authority'), serverName: text(cluster, 'tls-server-name'), insecure: cluster['insecure-skip-tls-verify'] === true };
    },
  };
}
