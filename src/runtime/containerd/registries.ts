// Where containerd finds a registry: one hosts.toml per registry host, read anew for every pull. Mirrors,
// plain http and private certificates are said here; "_default" stands for every host without its own.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface RegistryEndpoint {
  /** "http://127.0.0.1:5000", "https://mirror.example/v2/proxy" */
  readonly url: string;
  /** Accepts any certificate. */
  readonly skipVerify?: boolean;
  /** Path of a PEM bundle. */
  readonly caFile?: string;
  /** `url` ends in the API's root already: /v2 is not added. */
  readonly overridePath?: boolean;
}

export interface RegistryHosts {
  /** As image names write it: "docker.io", "127.0.0.1:5000", or "_default". */
  readonly host: string;
  /** Asked last; the host itself when not given. */
  readonly server?: string;
  /** Asked in this order before the server. */
  readonly endpoints: readonly RegistryEndpoint[];
}

function directoryOf(registriesDir: string, host: string): string {
  if (!/^(_default|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d+)?)$/.test(host)) throw new Error(`not a registry host: ${JSON.stringify(host)}`);
  return join(registriesDir, host);
}

/** Writes a registry's hosts.toml; the next pull uses it. */
export async function configureRegistry(registriesDir: string, registry: RegistryHosts): Promise<void> {
  const directory = directoryOf(registriesDir, registry.host);
  const lines = registry.server === undefined ? [] : [`server = ${JSON.stringify(registry.server)}`];
  for (const endpoint of registry.endpoints) {
    lines.push(`[host.${JSON.stringify(endpoint.url)}]`, '  capabilities = ["pull", "resolve"]');
    if (endpoint.skipVerify === true) lines.push('  skip_verify = true');
    if (endpoint.caFile !== undefined) lines.push(`  ca = ${JSON.stringify(endpoint.caFile)}`);
    if (endpoint.overridePath === true) lines.push('  override_path = true');
  }
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'hosts.toml.new'), `${lines.join('\n')}\n`);
  await rename(join(directory, 'hosts.toml.new'), join(directory, 'hosts.toml'));
}

/** Forgets a registry's settings; none is fine. */
export async function forgetRegistry(registriesDir: string, host: string): Promise<void> {
  await rm(directoryOf(registriesDir, host), { recursive: true, force: true });
}
