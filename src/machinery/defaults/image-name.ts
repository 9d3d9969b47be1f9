// The pull policy that follows from an image's name: Always for the tag "latest", given or implied.

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const domain = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?';
const reference = new RegExp(`^(?:${domain}/)?${component}(?:/${component})*(?::(\\w[\\w.-]{0,127}))?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`);

const longest = 1024;
const kept = 512;
const known = new Map<string, string>();

/** "Always" or "IfNotPresent". A name that is none counts as having a tag; validation speaks of it. */
export function pullPolicyFor(image: string): string {
  const hit = known.get(image);
  if (hit !== undefined) return hit;
  const match = image.length > longest ? null : reference.exec(image);
  const isLatest = match !== null && (match[1] === 'latest' || (match[1] === undefined && match[2] === undefined));
  const policy = isLatest ? 'Always' : 'IfNotPresent';
  if (known.size >= kept) known.clear();
  known.set(image, policy);
  return policy;
}
