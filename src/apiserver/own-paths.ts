// What the server tells of itself beside its objects: version, flags, health, discovery and OpenAPI, the latter two with
// what extension servers and delegates answer.
import type { World } from '#base/world.ts';
import type { Aggregation } from './aggregation/index.ts';
import type { Delegate, Security } from './contract.ts';
import { currentOpenApi } from './discovery/current-openapi.ts';
import { createDiscoveryPaths } from './discovery/discovery-paths.ts';
import { createOpenApiPaths } from './discovery/openapi-paths.ts';
import type { HealthEndpoint } from './health/checks.ts';
import { createPathHandlers } from './health/path-handlers.ts';
import type { ResourceTable } from './registry/resources.ts';
import type { ApiServerConfig } from './server-config.ts';

export interface OwnPathsParts {
  readonly world: World;
  readonly config: Pick<ApiServerConfig, 'version' | 'flags' | 'advertise' | 'openApiEnums'>;
  readonly resources: ResourceTable;
  readonly delegates: readonly Delegate[];
  readonly aggregation: Aggregation;
  readonly health: readonly HealthEndpoint[];
  readonly documents: Security['documents'];
}

export function createOwnPaths({ world, config, resources, delegates, aggregation, health, documents }: OwnPathsParts): ReturnType<typeof createPathHandlers> {
  const { version, flags, advertise } = config;
  const openapi = createOpenApiPaths(aggregation.openApi.over(currentOpenApi(resources, `${version.major ?? ''}.${version.minor ?? ''}`, config.openApiEnums)));
  const discovery = createDiscoveryPaths({
    resources: () => [...resources.told, ...delegates.flatMap((d) => d.resources)], revision: () => resources.revision, merge: aggregation.discovery,
    serverAddress: advertise === undefined ? '' : `${advertise.address}:${advertise.port}`, openapi,
  });
  return createPathHandlers({ world, version, documents, discovery, ...(flags === undefined ? {} : { flags }), health });
}
