// The client of one server under one identity: names of resources to typed verbs. Built-in resources are
// known from the schema source; others come as ResourceInfo from discovery.
import { allResources, resources, type ResourceInfo } from '#api/resources.ts';
import type { World } from '#base/world.ts';
import type { Transport } from '#wire';
import type { ApiObject, Client } from './contract.ts';
import { createResourceClient } from './resource-client.ts';
import { createRest, type RestOptions } from './rest.ts';

export interface ClientOptions extends RestOptions {
  /** The name under which writes own fields; by default the server takes the user agent's first word. */
  readonly fieldManager?: string;
}

const byName = new Map<string, ResourceInfo>();

function known(name: string): ResourceInfo | undefined {
  if (byName.size === 0) {
    // Beta and alpha kinds have names too; whether a server has them is its answer to give.
    for (const info of [...resources, ...allResources]) {
      const names = info.group === '' ? [info.plural, `${info.plural}.${info.version}`] : [`${info.plural}.${info.group}`, `${info.plural}.${info.version}.${info.group}`];
      for (const each of names) if (!byName.has(each)) byName.set(each, info);
    }
  }
  return byName.get(name);
}

/** The built-in resource called `name` ("pods", "deployments.apps"); throws when there is none. */
export function resourceNamed(name: string): ResourceInfo {
  const info = known(name);
  if (info === undefined) throw new Error(`client: no resource ${name}`);
  return info;
}

/** A client over `transport`. Closing it closes the transport. */
export function createClient(world: World, transport: Transport, options: ClientOptions): Client {
  const rest = createRest(world, transport, options);
  const forInfo = <T extends ApiObject>(info: ResourceInfo) => createResourceClient<T>(rest, info, '', options.fieldManager);
  return {
    resource: (name) => forInfo(resourceNamed(name)),
    forInfo,
    raw: (method, path, body, get = {}) =>
      rest.bytes({ method, path, accept: get.accept, ...(body === undefined ? {} : { contentType: 'application/json', body: JSON.stringify(body) }), signal: get.signal }),
    close: () => transport.close(),
  };
}
