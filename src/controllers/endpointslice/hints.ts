// Traffic distribution (KEP-4444): PreferClose and PreferSameZone give every ready endpoint a hint for its own
// zone, PreferSameNode one for its own node besides; without a preference there are no hints.
import type { Service } from '#api/core/v1.ts';
import type { Endpoint, EndpointHints, EndpointSlice } from '#api/discovery/v1.ts';
import { sameValue } from '../same-value.ts';

interface Changes {
  readonly create: EndpointSlice[];
  readonly update: EndpointSlice[];
  readonly remove: EndpointSlice[];
}

const preferences: ReadonlySet<string> = new Set(['PreferClose', 'PreferSameZone', 'PreferSameNode']);

function hintsFor(endpoint: Endpoint, preference: string | undefined): EndpointHints | undefined {
  if (preference === undefined || !preferences.has(preference)) return undefined;
  if (endpoint.conditions?.ready !== true) return endpoint.hints;
  const forZones = endpoint.zone === undefined ? undefined : [{ name: endpoint.zone }];
  const forNodes = endpoint.nodeName === undefined || preference !== 'PreferSameNode' ? undefined : [{ name: endpoint.nodeName }];
  if (forZones === undefined && forNodes === undefined) return undefined;
  return { ...(forZones === undefined ? {} : { forZones }), ...(forNodes === undefined ? {} : { forNodes }) };
}

function hinted(slice: EndpointSlice, preference: string | undefined): EndpointSlice {
  const endpoints = (slice.endpoints ?? []).map((endpoint) => {
    const { hints: _, ...rest } = endpoint;
    const hints = hintsFor(endpoint, preference);
    return hints === undefined ? rest : { ...rest, hints };
  });
  return { ...slice, endpoints };
}

/** The changes with the right hints; slices that only lack these are updated too. */
export function withHints(service: Service, changes: Changes, existing: readonly EndpointSlice[]): Changes {
  const preference = service.spec?.trafficDistribution;
  const touched = new Set([...changes.update, ...changes.remove].map((slice) => slice.metadata?.name));
  const stale = existing.filter((slice) => !touched.has(slice.metadata?.name) && !sameValue(hinted(slice, preference).endpoints, slice.endpoints));
  return {
    create: changes.create.map((slice) => hinted(slice, preference)),
    update: [...changes.update, ...stale].map((slice) => hinted(slice, preference)),
    remove: changes.remove,
  };
}
