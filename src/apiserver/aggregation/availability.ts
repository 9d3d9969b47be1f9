// Can an extension API server be asked? Its Service must be there, listen on the port, have ready endpoints, and
// answer discovery. The verdict becomes the Available condition of its APIService, and the proxy goes by it.
import type { Service } from '#api/core/v1.ts';
import { errorText } from '#base/errors.ts';
import { goQuote } from '#machinery';
import { hostPort } from '#wire';
import type { KubeObject, ObjectReader } from '../contract.ts';
import { goNetworkError, slicesOf, type ServiceResolver } from '../webhooks/index.ts';
import type { RemoteService } from './api-services.ts';
import { hostOf, identityHeaders, type Backends } from './backends.ts';
import type { Availability } from './conditions.ts';

export interface AvailabilityPorts {
  readonly reader: ObjectReader;
  readonly backends: Backends;
  readonly resolve: ServiceResolver;
}

/** The Service and its endpoints are well, and the backend does not answer as it should. */
export const failedCheck = 'FailedDiscoveryCheck';
const passed: Availability = { status: 'True', reason: 'Passed', message: 'all checks passed' };
/** One of so many answers is enough: with several endpoints some may be down. */
const attempts = 5;

/** The server itself, as backends see it. */
export const aggregatorIdentity = { name: 'system:kube-aggregator', groups: ['system:masters'] } as const;

/** Where a backend must answer discovery. */
export function discoveryPath({ group, version }: RemoteService): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** What the Service and its endpoints say; undefined when nothing speaks against asking. */
function unreachable(reader: ObjectReader, remote: RemoteService): Availability | undefined {
  const { namespace, service: name, port } = remote;
  const where = `service/${name} in ${goQuote(namespace)}`;
  const no = (reason: string, message: string): Availability => ({ status: 'False', reason, message });
  const service = reader.get('', 'services', namespace, name) as (KubeObject & Service) | undefined;
  if (service === undefined) return no('ServiceNotFound', `${where} is not present`);
  if ((service.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
  const listening = service.spec?.ports?.find((p) => p.port === port);
  if (listening === undefined) return no('ServicePortError', `${where} is not listening on port ${port}`);
  const portName = listening.name ?? '';
  const slices = slicesOf(reader, namespace, name);
  if (slices.length === 0) return no('EndpointsNotFound', `cannot find endpointslices for ${where}`);
  const hasReady = slices.some((slice) =>
    (slice.endpoints ?? []).some((endpoint) => endpoint.conditions?.ready !== false) && (slice.ports ?? []).some((p) => (p.name ?? '') === portName && p.port !== undefined));
  return hasReady ? undefined : no('MissingEndpoints', `endpointslices for ${where} have no addresses with port name ${goQuote(portName)}`);
}

/** Asks Services, endpoints and the backend itself. Never rejects, unless `signal` aborts. */
export async function checkAvailability(ports: AvailabilityPorts, remote: RemoteService, signal: AbortSignal): Promise<Availability> {
  const obstacle = unreachable(ports.reader, remote);
  if (obstacle !== undefined) return obstacle;
  const results = await Promise.allSettled(Array.from({ length: attempts }, () => askOnce(ports, remote, signal)));
  signal.throwIfAborted();
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  if (failures.length < attempts) return passed;
  return { status: 'False', reason: failedCheck, message: errorText(failures.at(-1)) };
}

async function askOnce(ports: AvailabilityPorts, remote: RemoteService, signal: AbortSignal): Promise<void> {
  const url = `https://${hostPort(ports.resolve(remote.namespace, remote.service, remote.port))}${discoveryPath(remote)}`;
  let status: number;
  try {
    const response = await ports.backends.transportOf(remote).request({
      method: 'GET', path: discoveryPath(remote), headers: { host: `${hostOf(remote)}:${remote.port}` }, repeatedHeaders: identityHeaders(aggregatorIdentity), signal,
    });
    status = response.status;
    for await (const _chunk of response.body) break;
  } catch (error) {
    const late = signal.aborted ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)' : goNetworkError(error);
    throw new Error(`failing or missing response from ${url}: Get ${goQuote(url)}: ${late}`);
  }
  if (status < 200 || status >= 300) throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${status}`);
}
