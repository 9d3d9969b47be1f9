// Registry credentials from imagePullSecrets (kubernetes.io/dockerconfigjson and the older dockercfg):
// entries whose server covers the image, the most specific first.
import type { Secret } from '#api/core/v1.ts';
import type { AuthConfig } from '#runtime';
import { parseImageName } from './image-name.ts';

interface DockerEntry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

function entriesOf(secret: Secret): Record<string, DockerEntry> {
  const full = secret.data?.['.dockerconfigjson'];
  const old = secret.data?.['.dockercfg'];
  const text = full ?? old;
  if (text === undefined) return {};
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null) return {};
    const auths = full === undefined ? parsed : (parsed as { auths?: unknown }).auths;
    return typeof auths === 'object' && auths !== null ? (auths as Record<string, DockerEntry>) : {};
  } catch {
    // A secret that is no JSON holds no credentials; the pull itself then tells what is missing.
    return {};
  }
}

function toAuth(server: string, entry: DockerEntry): AuthConfig {
  let { username = '', password = '' } = entry;
  if (entry.auth !== undefined && entry.auth !== '') {
    const plain = Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = plain.indexOf(':');
    if (colon >= 0) {
      username = plain.slice(0, colon);
      password = plain.slice(colon + 1);
    }
  }
  return {
    username, password, server,
    ...(entry.identitytoken !== undefined ? { identityToken: entry.identitytoken } : {}),
    ...(entry.registrytoken !== undefined ? { registryToken: entry.registrytoken } : {}),
  };
}

/** "https://index.docker.io/v1/" → "docker.io"; other servers keep host, port and path. */
function serverPattern(server: string): string {
  const bare = server.replace(/^https?:\/\//, '').replace(/\/v[12]\/?$/, '').replace(/\/+$/, '');
  return bare === 'index.docker.io' || bare === 'registry-1.docker.io' ? 'docker.io' : bare;
}

function covers(pattern: string, registry: string, repository: string): boolean {
  const slash = pattern.indexOf('/');
  const host = slash < 0 ? pattern : pattern.slice(0, slash);
  const path = slash < 0 ? '' : pattern.slice(slash + 1);
  const labels = host.split('.');
  const wanted = registry.split('.');
  const hostFits = labels.length === wanted.length && labels.every((label, i) => label === wanted[i] || (label.includes('*') && new RegExp(`^${label.split('*').map((p) => p.replace(/[^\w-]/g, '\\$&')).join('.*')}$`).test(wanted[i] ?? '')));
  return hostFits && (path === '' || repository === path || repository.startsWith(`${path}/`));
}

/** Credentials to try in turn; empty when no secret covers the image. */
export function credentialsFor(image: string, secrets: readonly Secret[]): AuthConfig[] {
  const { registry, repository } = parseImageName(image);
  const found: { pattern: string; auth: AuthConfig }[] = [];
  for (const secret of secrets) {
    for (const [server, entry] of Object.entries(entriesOf(secret))) {
      const pattern = serverPattern(server);
      if (covers(pattern, registry, repository)) found.push({ pattern, auth: toAuth(server, entry) });
    }
  }
  return found.sort((a, b) => b.pattern.length - a.pattern.length).map(({ auth }) => auth);
}
