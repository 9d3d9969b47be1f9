// The OpenAPI documents of what is served at the moment: made anew when custom resources come, go or change. Those of
// groups that are what they were are kept.
import type { ResourceInfo } from '#api/resources.ts';
import { findDescriptions, openApiDocuments, type Descriptions, type OpenApiDocuments, type OpenApiReuse } from '#machinery';
import type { ResourceTable } from '../registry/resources.ts';

function pathOf({ group, version }: ResourceInfo): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

/** @param enums Are the values told that a built-in field may have? */
export function currentOpenApi(resources: ResourceTable, serverVersion: string, enums = true): OpenApiDocuments {
  let found: Descriptions | undefined;
  const descriptions: Descriptions = { of: (type) => (found ??= findDescriptions()).of(type) };
  const common = { serverVersion, descriptions, enums };
  const builtIn = resources.told.filter((info) => info.type !== undefined);
  const fixed = openApiDocuments({ ...common, resources: builtIn });
  const builtInPaths = new Set(builtIn.map(pathOf));
  /** Of custom groups, by path and encoding: at most two for each group. */
  const reuse: OpenApiReuse = new Map();
  let revision = -1;
  let documents = fixed;
  let changing: ReadonlySet<string> = new Set();
  const now = (): OpenApiDocuments => {
    if (revision === resources.revision) return documents;
    revision = resources.revision;
    const { told } = resources;
    changing = new Set(told.filter((info) => info.type === undefined).map(pathOf));
    const customSchema = ({ group, version, plural }: ResourceInfo) => resources.find(group, version, plural)?.handling.openApi;
    for (const key of reuse.keys()) if (!changing.has(key.split(' ', 1)[0] ?? '')) reuse.delete(key);
    documents = changing.size === 0 ? fixed : openApiDocuments({ ...common, resources: told, customSchema, reuse });
    return documents;
  };
  return {
    v2: (encoding) => now().v2(encoding),
    index: () => now().index(),
    groupVersion(path, encoding) {
      const current = now();
      return (builtInPaths.has(path) && !changing.has(path) ? fixed : current).groupVersion(path, encoding);
    },
  };
}
