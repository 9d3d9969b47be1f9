// NamespaceLifecycle: nothing is created in a namespace that does not exist or is going away, and the
// namespaces that the system lives in cannot be deleted.
import { forbidden, notFound } from '#machinery';
import type { AdmissionPlugin, ObjectReader } from '../contract.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);

/** @param exists asks the store itself when the cache has no such namespace: a create right after its namespace must work. */
export function namespaceLifecycle(reader: ObjectReader, exists: (name: string) => Promise<boolean>): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    handles: (operation, resource) => operation === 'CREATE' || (operation === 'UPDATE' && resource.namespaced) || (operation === 'DELETE' && resource.group === '' && resource.plural === 'namespaces'),
    // Before what other plugins look up in the namespace: their refusals would only hide that it is missing.
    async mutate(request) {
      const { operation, resource, namespace, name } = request;
      const isNamespace = resource.group === '' && resource.plural === 'namespaces';
      if (operation === 'DELETE') {
        if (isNamespace && immortal.has(name)) throw forbidden({ group: '', resource: 'namespaces' }, name, 'this namespace may not be deleted');
        return;
      }
      // Access reviews ask about namespaces that need not exist.
      if (!resource.namespaced || isNamespace || resource.plural.endsWith('accessreviews')) return;
      const found = reader.get('', 'namespaces', '', namespace);
      if (found === undefined) {
        if (await exists(namespace)) return;
        throw notFound({ group: '', resource: 'namespaces' }, namespace);
      }
      if (operation !== 'CREATE' || request.subresource !== '') return;
      const phase = (found.status as { phase?: string } | undefined)?.phase;
      if (phase !== 'Terminating') return;
      const refusal = forbidden({ group: resource.group, resource: resource.plural }, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
      refusal.status.details = {
        ...refusal.status.details,
        causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
      };
      throw refusal;
    },
  };
}
