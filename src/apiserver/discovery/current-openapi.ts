// The OpenAPI documents of what is served at the moment: made anew when custom resources come, go or change.
import { openApiDocuments, type OpenApiDocuments } from '#machinery';
import type { ResourceTable } from '../registry/resources.ts';

export function currentOpenApi(resources: ResourceTable, serverVersion: string): OpenApiDocuments {
  let revision = -1;
  let documents: OpenApiDocuments | undefined;
  const now = (): OpenApiDocuments => {
    if (documents === undefined || revision !== resources.revision) {
      revision = resources.revision;
      documents = openApiDocuments({ resources: resources.told, serverVersion });
    }
    return documents;
  };
  return {
    v2: (encoding) => now().v2(encoding),
    index: () => now().index(),
    groupVersion: (path, encoding) => now().groupVersion(path, encoding),
  };
}
