// Reads a kubeconfig: the server of a context and how to identify oneself to it. Certificates and keys come
// inline or from files beside the kubeconfig; a token file is read again when it may have been renewed.
// Credential plugins (exec) are run by whoever can start processes: they come in as a function.
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { wrap } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { parseYaml } from '#machinery';

export interface ServerAccess {
  /** "https://127.0.0.1:6443" */
  readonly server: string;
  /** The context's namespace, 'default' when it names none. */
  readonly namespace: string;
  readonly tls: {
    /** PEM; undefined trusts the system's authorities. */
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    /** The name the server's certificate must carry, when not the URL's host. */
    readonly serverName?: string;
    readonly insecureSkipVerify: boolean;
  };
  /** For `createClient`; undefined when the user has no token. */
  readonly token?: () => Promise<string | undefined>;
}

export interface ExecSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
}

export interface KubeconfigOptions {
  /** Instead of current-context. */
  readonly context?: string;
  /** Runs a credential plugin and returns the status of its ExecCredential. */
  readonly exec?: (spec: ExecSpec) => Promise<{ readonly token?: string; readonly clientCertificateData?: string; readonly clientKeyData?: string }>;
}

const tokenFileMaxAgeMs = 60_000;

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The entry of `list` called `name`, under its field `part`. */
function entry(config: Fields, list: string, name: string, part: string): Fields {
  const rows = config[list];
  const found = Array.isArray(rows) ? rows.find((row: unknown) => isFields(row) && row.name === name) : undefined;
  if (!isFields(found)) throw new Error(`kubeconfig: no ${part} "${name}" in ${list}`);
  const value = found[part];
  return isFields(value) ? value : {};
}

/** Reads `path`. Rejects when the file or the context is missing or says nothing usable. */
export async function loadKubeconfig(world: World, path: string, options: KubeconfigOptions = {}): Promise<ServerAccess> {
  const config: unknown = parseYaml(await readFile(path, 'utf8').catch((error: unknown) => Promise.reject(wrap(`kubeconfig ${path}`, error))));
  if (!isFields(config)) throw new Error(`kubeconfig ${path}: is not a mapping`);
  const contextName = options.context ?? text(config, 'current-context');
  if (contextName === undefined) throw new Error(`kubeconfig ${path}: no current-context`);
  const context = entry(config, 'contexts', contextName, 'context');
  const cluster = entry(config, 'clusters', text(context, 'cluster') ?? '', 'cluster');
  const user = text(context, 'user') === undefined ? {} : entry(config, 'users', text(context, 'user') ?? '', 'user');
  const server = text(cluster, 'server');
  if (server === undefined) throw new Error(`kubeconfig ${path}: the cluster of context "${contextName}" has no server`);

  const file = (name: string): string => (isAbsolute(name) ? name : join(dirname(path), name));
  const pem = async (fields: Fields, name: string): Promise<string | undefined> => {
    const inline = text(fields, `${name}-data`);
    if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8');
    const from = text(fields, name);
    return from === undefined ? undefined : readFile(file(from), 'utf8').catch((error: unknown) => Promise.reject(wrap(`kubeconfig ${path}: ${name}`, error)));
  };
  const plugin = await runPlugin(user, options);
  const tokenFile = text(user, 'tokenFile');
  const fixedToken = text(user, 'token') ?? plugin?.token;
  return {
    server,
    namespace: text(context, 'namespace') ?? 'default',
    tls: {
      ca: await pem(cluster, 'certificate-authority'),
      cert: plugin?.clientCertificateData ?? (await pem(user, 'client-certificate')),
      key: plugin?.clientKeyData ?? (await pem(user, 'client-key')),
      serverName: text(cluster, 'tls-server-name'),
      insecureSkipVerify: cluster['insecure-skip-tls-verify'] === true,
    },
    token: tokenFile !== undefined ? tokenFromFile(world, file(tokenFile)) : fixedToken === undefined ? undefined : async () => fixedToken,
  };
}

/** A token read from `path`, at most a minute old: whoever writes the file may renew it. */
export function tokenFromFile(world: World, path: string): () => Promise<string | undefined> {
  let cached: { readonly token: string; readonly atMs: number } | undefined;
  return async () => {
    const now = world.clock.monotonic();
    if (cached === undefined || now - cached.atMs > tokenFileMaxAgeMs) cached = { token: (await readFile(path, 'utf8')).trim(), atMs: now };
    return cached.token;
  };
}

async function runPlugin(user: Fields, options: KubeconfigOptions): Promise<{ readonly token?: string; readonly clientCertificateData?: string; readonly clientKeyData?: string } | undefined> {
  const { exec } = user;
  if (!isFields(exec)) return undefined;
  if (options.exec === undefined) throw new Error('kubeconfig: the user needs a credential plugin, which this program does not run');
  const env: Record<string, string> = {};
  for (const row of Array.isArray(exec.env) ? exec.env : []) {
    if (isFields(row)) env[text(row, 'name') ?? ''] = text(row, 'value') ?? '';
  }
  const args = Array.isArray(exec.args) ? exec.args.map(String) : [];
  return options.exec({ command: text(exec, 'command') ?? '', args, env, apiVersion: text(exec, 'apiVersion') ?? 'client.authentication.k8s.io/v1' });
}
