// Image references as pods write them: registry, repository, tag and digest. Only what pulling needs: the
// default tag and the registry whose credentials apply.

export interface ImageName {
  /** "docker.io", "registry.example:5000" */
  readonly registry: string;
  /** "library/nginx" */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

const reference = /^(?<name>[a-z0-9A-Z._:/-]+?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$/;
const repositoryPath = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/** Throws "couldn't parse image name" with upstream's form of the reason. */
export function parseImageName(image: string): ImageName {
  const groups = reference.exec(image)?.groups;
  const name = groups?.['name'] ?? '';
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first !== '' && (first.includes('.') || first.includes(':') || first === 'localhost');
  const registry = isHost ? first : 'docker.io';
  const rest = isHost ? name.slice(slash + 1) : name;
  if (!repositoryPath.test(rest)) throw new Error(`couldn't parse image name ${JSON.stringify(image)}: invalid reference format`);
  const digest = groups?.['digest'] ?? '';
  const tag = groups?.['tag'] ?? '';
  return { registry, repository: registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest, tag: tag === '' && digest === '' ? 'latest' : tag, digest };
}

/** The reference with `:latest` when it names neither tag nor digest; otherwise as written. */
export function withDefaultTag(image: string): string {
  const { tag, digest } = parseImageName(image);
  if (digest !== '' || tag === '' || image.endsWith(`:${tag}`)) return image;
  return `${image}:${tag}`;
}
