// One request through chosen admission plugins, as the registry would send it: for the tests of this folder.
import { resources } from '#api/resources.ts';
import type { AdmissionPlugin, AdmissionRequest, KubeObject, Operation } from '../contract.ts';

export interface Admitted {
  readonly object: KubeObject | undefined;
  readonly warnings: string[];
  readonly annotations: Record<string, string>;
}

/** @param plural "pods", or "apps/deployments". All mutations run before any validation. */
export async function admitWith(plugins: readonly AdmissionPlugin[], plural: string, operation: Operation, object: KubeObject | undefined, more: Partial<AdmissionRequest> = {}): Promise<Admitted> {
  const [group, name] = plural.includes('/') ? plural.split('/') : ['', plural];
  const resource = resources.find((r) => r.group === group && r.plural === name);
  if (resource === undefined) throw new Error(`no resource ${plural}`);
  const warnings: string[] = [];
  const annotations: Record<string, string> = {};
  const request: AdmissionRequest = {
    operation, resource, subresource: '', namespace: resource.namespaced ? 'x' : '', name: object?.metadata?.name ?? '', object, oldObject: undefined, options: {}, dryRun: false,
    user: { name: 'jane', groups: [] }, warn: (text) => warnings.push(text), annotate: (key, value) => { annotations[key] = value; }, ...more,
  };
  const wanted = plugins.filter((plugin) => plugin.handles(operation, resource, request.subresource));
  for (const plugin of wanted) await plugin.mutate?.(request);
  for (const plugin of wanted) await plugin.validate?.(request);
  return { object: request.object, warnings, annotations };
}
