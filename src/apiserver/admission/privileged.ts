// --allow-privileged=false: privileged containers are refused, in pods and in templates of pods. Upstream has it in its
// validation; here it is a plugin that stands last and is only there where the flag says so.
import { forbiddenField, invalid, type FieldError } from '#machinery';
import type { AdmissionPlugin, AdmissionRequest, KubeObject } from '../contract.ts';

const templates: Readonly<Record<string, string>> = {
  pods: 'spec', podtemplates: 'template.spec', cronjobs: 'spec.jobTemplate.spec.template.spec',
  replicationcontrollers: 'spec.template.spec', replicasets: 'spec.template.spec', deployments: 'spec.template.spec', daemonsets: 'spec.template.spec', statefulsets: 'spec.template.spec', jobs: 'spec.template.spec',
};
const groups: ReadonlySet<string> = new Set(['', 'apps', 'batch']);

function at(object: unknown, path: string): unknown {
  let value = object;
  for (const part of path.split('.')) value = typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
  return value;
}

function privilegedContainers(object: KubeObject | undefined, path: string): FieldError[] {
  const spec = at(object, path);
  return ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) => {
    const containers = at(spec, list);
    if (!Array.isArray(containers)) return [];
    return containers.flatMap((container: unknown, index) => (at(container, 'securityContext.privileged') === true ? [forbiddenField(`${path}.${list}[${index}].securityContext.privileged`, 'disallowed by cluster policy')] : []));
  });
}

export const noPrivilegedContainers: AdmissionPlugin = {
  name: 'NoPrivilegedContainers',
  handles: (operation, resource, subresource) =>
    (operation === 'CREATE' || operation === 'UPDATE') && groups.has(resource.group) && templates[resource.plural] !== undefined && (subresource === '' || subresource === 'ephemeralcontainers'),
  validate(request: AdmissionRequest) {
    const errors = privilegedContainers(request.object, templates[request.resource.plural] ?? '');
    if (errors.length > 0) throw invalid(request.resource, request.object?.metadata?.name ?? '', errors);
  },
};
