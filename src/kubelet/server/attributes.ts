// What a request to the kubelet's API means for authorization: verb and the subresources of the node, the
// finer one first (upstream's KubeletFineGrainedAuthz). Any one that is allowed suffices. Pure.

export interface NodeAttributes {
  readonly verb: string;
  /** Tried in order: ["pods", "proxy"]. */
  readonly subresources: readonly string[];
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

const beneath = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`);

export function nodeAttributes(method: string, path: string): NodeAttributes {
  const subresources: string[] = [];
  if (beneath(path, '/pods') || beneath(path, '/runningpods')) subresources.push('pods');
  else if (beneath(path, '/healthz')) subresources.push('healthz');
  else if (beneath(path, '/configz')) subresources.push('configz');
  if (beneath(path, '/stats')) subresources.push('stats');
  else if (beneath(path, '/metrics')) subresources.push('metrics');
  else if (beneath(path, '/logs')) subresources.push('log');
  else if (beneath(path, '/checkpoint')) subresources.push('checkpoint');
  else if (beneath(path, '/statusz')) subresources.push('statusz');
  else if (beneath(path, '/flagz')) subresources.push('configz');
  else subresources.push('proxy');
  return { verb: verbs[method] ?? '', subresources };
}
