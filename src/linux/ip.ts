// Links, addresses, routes and network namespaces through ip(8) with JSON output. Thin: each function is
// one command, checked; "already so" and "already gone" are not errors.
import { run, runChecked } from './run.ts';

export interface Link {
  readonly name: string;
  readonly index: number;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly master: string | undefined;
  /** "bridge", "veth", "vxlan", …; undefined for hardware. */
  readonly kind: string | undefined;
}

export interface Address {
  readonly link: string;
  readonly family: 'inet' | 'inet6';
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: string;
}

export interface Route {
  /** CIDR, an address, or "default". */
  readonly destination: string;
  readonly gateway: string | undefined;
  readonly link: string | undefined;
  readonly source: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;
const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const optional = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** `netns` is a name under /run/netns. */
async function ipJson(args: readonly string[], netns: string | undefined, signal: AbortSignal | undefined): Promise<Json[]> {
  const out = await runChecked('ip', [...(netns === undefined ? [] : ['-n', netns]), '-d', '-j', ...args], { signal });
  const parsed: unknown = out.trim() === '' ? [] : JSON.parse(out);
  return Array.isArray(parsed) ? parsed.filter(isJson).filter((item) => Object.keys(item).length > 0) : [];
}

/** Every interface. */
export async function listLinks(signal?: AbortSignal, netns?: string): Promise<Link[]> {
  return (await ipJson(['link', 'show'], netns, signal)).map((item) => ({
    name: text(item['ifname']),
    index: numberOf(item['ifindex']),
    mac: text(item['address']),
    mtu: numberOf(item['mtu']),
    up: Array.isArray(item['flags']) && item['flags'].includes('UP'),
    master: optional(item['master']),
    kind: isJson(item['linkinfo']) ? optional(item['linkinfo']['info_kind']) : undefined,
  }));
}

/** Every address of every interface. */
export async function listAddresses(signal?: AbortSignal, netns?: string): Promise<Address[]> {
  return (await ipJson(['address', 'show'], netns, signal)).flatMap((item) => {
    const infos = Array.isArray(item['addr_info']) ? item['addr_info'].filter(isJson) : [];
    return infos.map((info): Address => ({
      link: text(item['ifname']),
      family: info['family'] === 'inet6' ? 'inet6' : 'inet',
      address: text(info['local']),
      prefixLength: numberOf(info['prefixlen']),
      scope: text(info['scope']),
    }));
  });
}

/** Routes of the main table of one family. */
export async function listRoutes(family: 'inet' | 'inet6' = 'inet', signal?: AbortSignal, netns?: string): Promise<Route[]> {
  const items = await ipJson([family === 'inet6' ? '-6' : '-4', 'route', 'show'], netns, signal);
  return items.map((item) => ({
    destination: text(item['dst']),
    gateway: optional(item['gateway']),
    link: optional(item['dev']),
    source: optional(item['prefsrc']),
  }));
}

/** The address this machine uses towards others: that of the default route's link; undefined without one. */
export async function defaultAddress(family: 'inet' | 'inet6' = 'inet', signal?: AbortSignal): Promise<string | undefined> {
  const [routes, addresses] = await Promise.all([listRoutes(family, signal), listAddresses(signal)]);
  const usable = addresses.filter((a) => a.family === family && a.scope === 'global');
  const route = routes.find((r) => r.destination === 'default');
  return route?.source ?? usable.find((a) => a.link === route?.link)?.address ?? usable[0]?.address;
}

/** Runs ip(8); rejects unless it succeeds or its complaint matches `fine`. */
export async function ipCommand(args: readonly string[], options: { fine?: RegExp; signal?: AbortSignal } = {}): Promise<void> {
  const result = await run('ip', args, { signal: options.signal });
  if (result.code === 0 || options.fine?.test(result.stderr) === true) return;
  throw new Error(`ip ${args.join(' ')}: ${result.stderr.trim()}`);
}

/** Deletes an interface; none is fine. */
export const deleteLink = (name: string, signal?: AbortSignal): Promise<void> => ipCommand(['link', 'delete', name], { fine: /Cannot find device/, signal });

export const addAddress = (link: string, cidr: string, signal?: AbortSignal): Promise<void> =>
  ipCommand(['address', 'add', cidr, 'dev', link], { fine: /File exists|already assigned/, signal });

export const deleteAddress = (link: string, cidr: string, signal?: AbortSignal): Promise<void> =>
  ipCommand(['address', 'delete', cidr, 'dev', link], { fine: /Cannot assign|Cannot find device|Address not found/, signal });

/** Adds or changes the route to `destination`. */
export const replaceRoute = (destination: string, via: { gateway?: string; link?: string; source?: string }, signal?: AbortSignal): Promise<void> =>
  ipCommand(
    ['route', 'replace', destination, ...(via.gateway === undefined ? [] : ['via', via.gateway]), ...(via.link === undefined ? [] : ['dev', via.link]), ...(via.source === undefined ? [] : ['src', via.source])],
    { signal },
  );

export const deleteRoute = (destination: string, signal?: AbortSignal): Promise<void> => ipCommand(['route', 'delete', destination], { fine: /No such process/, signal });

/** Named network namespaces (those under /run/netns). */
export async function listNetns(signal?: AbortSignal): Promise<string[]> {
  const out = await runChecked('ip', ['-j', 'netns', 'list'], { signal });
  const parsed: unknown = out.trim() === '' ? [] : JSON.parse(out);
  return Array.isArray(parsed) ? parsed.filter(isJson).map((item) => text(item['name'])) : [];
}

export const addNetns = (name: string, signal?: AbortSignal): Promise<void> => ipCommand(['netns', 'add', name], { fine: /File exists/, signal });
export const deleteNetns = (name: string, signal?: AbortSignal): Promise<void> => ipCommand(['netns', 'delete', name], { fine: /No such file/, signal });
