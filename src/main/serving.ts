// How the API server shows itself to clients, from --tls-*, --cert-dir and --tls-sni-cert-key: given files, or, without
// any, a certificate that it signs for itself, keeps under --cert-dir and takes up again at the next start, as
// kube-apiserver does. Files are read anew when they change.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { isIP } from 'node:net';
import { errorText, wrap } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { createCa, issueCertificate, keyMatches, parseCertificate, type ServerTls } from '#wire';
import type { ApiserverFlags } from './apiserver-flags.ts';
import { cipherList, curveList } from './tls-flags.ts';

const day = 86_400_000;
const minVersions = { '': 'TLSv1.2', VersionTLS10: 'TLSv1', VersionTLS11: 'TLSv1.1', VersionTLS12: 'TLSv1.2', VersionTLS13: 'TLSv1.3' } as const;

interface NamedPair {
  readonly certFile: string;
  readonly keyFile: string;
  /** Empty: those of the certificate. */
  readonly names: readonly string[];
}

/** One --tls-sni-cert-key. Throws an Error with upstream's words. */
export function parseNamedPair(text: string): NamedPair {
  const colon = text.indexOf(':');
  const names = colon < 0 ? undefined : text.slice(colon + 1).trim();
  if (names === '') throw new Error('empty names list is not allowed');
  const files = (colon < 0 ? text : text.slice(0, colon)).trim().split(',');
  if (files.length !== 2) throw new Error('expected comma separated certificate and key file paths');
  const [certFile = '', keyFile = ''] = files.map((file) => file.trim());
  return { certFile, keyFile, names: names?.split(',').map((name) => name.trim()) ?? [] };
}

function isMinVersion(text: string): text is keyof typeof minVersions {
  return Object.hasOwn(minVersions, text);
}

/** What is wrong with the flags about serving. */
export function servingFlagErrors(flags: ApiserverFlags): string[] {
  const errors: string[] = [];
  const port = flags.get('secure-port');
  if (port < 1 || port > 65_535) errors.push(`--secure-port ${port} must be between 1 and 65535, inclusive. It cannot be turned off with 0`);
  for (const [name, address] of [['bind-address', flags.get('bind-address')], ['advertise-address', flags.get('advertise-address')]] as const) {
    if (address !== '' && isIP(address) === 0) errors.push(`invalid argument ${JSON.stringify(address)} for "--${name}" flag: failed to parse IP: ${JSON.stringify(address)}`);
  }
  const version = flags.get('tls-min-version');
  if (!isMinVersion(version)) errors.push(`unknown tls version ${JSON.stringify(version)}`);
  for (const read of [() => cipherList(flags.get('tls-cipher-suites')), () => curveList(flags.get('tls-curve-preferences'))]) {
    try {
      read();
    } catch (error) {
      errors.push(errorText(error));
    }
  }
  for (const directive of flags.get('strict-transport-security-directives')) {
    if (directive.trim() === '') errors.push('empty value in strict-transport-security-directives');
    else if (!/^(includeSubDomains|preload|max-age=[^=]*)$/.test(directive)) errors.push('--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information');
  }
  for (const text of flags.get('tls-sni-cert-key')) {
    try {
      parseNamedPair(text);
    } catch (error) {
      errors.push(`invalid argument ${JSON.stringify(text)} for "--tls-sni-cert-key" flag: ${errorText(error)}`);
    }
  }
  return errors;
}

/** What is wrong with the ranges of Services and with the version to emulate. */
export function rangeFlagErrors(flags: ApiserverFlags): string[] {
  const errors: string[] = [];
  const ranges = flags.get('service-cluster-ip-range').split(',');
  const families = ranges.map((range) => {
    const [address = '', bits = ''] = range.trim().split('/');
    const family = isIP(address);
    return family !== 0 && /^\d+$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128) ? family : 0;
  });
  if (families[0] === 0) errors.push('service-cluster-ip-range is not a valid cidr');
  if (families[1] === 0) errors.push(`service-cluster-ip-range[1] is not an ip net`);
  if (ranges.length > 2) errors.push('--service-cluster-ip-range must not contain more than two entries');
  if (families.length === 2 && families[0] !== 0 && families[0] === families[1]) errors.push('--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different IP family');
  const ports = flags.get('service-node-port-range');
  const [, low, sign, high] = /^(\d+)(?:([-+])(\d+))?$/.exec(ports) ?? [];
  const last = sign === '+' ? Number(low) + Number(high) : Number(high ?? low);
  const told = (text: string): string => `invalid argument ${JSON.stringify(ports)} for "--service-node-port-range" flag: ${text}`;
  if (low === undefined) errors.push(told(`unable to parse port range: ${ports}`));
  else if (Number(low) > 65_535 || last > 65_535) errors.push(told(`the port range cannot be greater than 65535: ${ports}`));
  else if (last < Number(low)) errors.push(told(`end port cannot be less than start port: ${ports}`));
  for (const version of flags.get('emulated-version').map((text) => text.replace(/^kube=/, ''))) {
    if (version !== '1.36') errors.push(`emulation version ${version} is not between [1.36, 1.36]`);
  }
  return errors;
}

/** The address that others reach this server by: as given, else the listening one, else the machine's first. Loopback is no address for others. */
export function advertiseAddress(flags: ApiserverFlags): string {
  const given = flags.get('advertise-address');
  if (given !== '' && given !== '0.0.0.0' && given !== '::') return given;
  const bound = flags.get('bind-address');
  if (bound !== '' && bound !== '0.0.0.0' && bound !== '::' && bound !== '::1' && !bound.startsWith('127.')) return bound;
  const outward = Object.values(networkInterfaces()).flatMap((each) => each ?? []).find(({ internal, family }) => !internal && family === 'IPv4');
  if (outward === undefined) throw new Error("Unable to find suitable network address.error='no default routes found in \"/proc/net/route\" or \"/proc/net/ipv6_route\"'. Try to set the AdvertiseAddress directly or provide a valid BindAddress to fix this.");
  return outward.address;
}

/** Makes certificate and key for itself and writes them; what can be read already is kept. */
function selfSigned(world: World, flags: ApiserverFlags, firstServiceIp: string): readonly [string, string] {
  const folder = flags.get('cert-dir');
  const files = [join(folder, 'apiserver.crt'), join(folder, 'apiserver.key')] as const;
  const found = files.filter((file) => existsSync(file)).length;
  if (found === 2) return files;
  if (found === 1) throw new Error(`could not read both ${files[0]} and ${files[1]}: one is there without the other`);
  const now = world.clock.now();
  const host = advertiseAddress(flags);
  const bound = flags.get('bind-address');
  const everywhere = bound === '' || bound === '0.0.0.0' || bound === '::';
  const validity = { notBeforeMs: now - 3_600_000, notAfterMs: now + 365 * day, keyType: 'rsa-2048' } as const;
  const ca = createCa(world.random, { commonName: `${host}-ca@${Math.floor(now / 1000)}`, ...validity });
  const made = issueCertificate(world.random, ca, {
    ...validity, commonName: `${host}@${Math.floor(now / 1000)}`, usages: ['digital signature', 'key encipherment', 'server auth'],
    dnsNames: ['kubernetes.default.svc', 'kubernetes.default', 'kubernetes', ...(everywhere ? ['localhost'] : [])],
    ipAddresses: [...new Set([host, firstServiceIp, ...(everywhere ? [] : [bound])])],
  });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(files[0], made.cert + ca.cert, { mode: 0o644 });
  writeFileSync(files[1], made.key, { mode: 0o600 });
  world.log.info('Generated self-signed cert', { cert: files[0], key: files[1] });
  return files;
}

export interface Serving {
  /** Files whose change is a change of `tls`. */
  readonly files: readonly string[];
  /** Reads the files. Throws an Error when a key is not its certificate's. */
  tls(clientCa: string): ServerTls;
}

function readPair(certFile: string, keyFile: string): { readonly cert: string; readonly key: string } {
  const cert = readFileSync(certFile, 'utf8');
  const key = readFileSync(keyFile, 'utf8');
  if (!keyMatches(cert, key)) throw new Error('tls: private key does not match public key');
  return { cert, key };
}

/** @param firstServiceIp the cluster IP of the `kubernetes` Service. */
export function servingOf(world: World, flags: ApiserverFlags, firstServiceIp: string): Serving {
  const given = [flags.get('tls-cert-file'), flags.get('tls-private-key-file')] as const;
  const [certFile, keyFile] = given[0] === '' && given[1] === '' ? selfSigned(world, flags, firstServiceIp) : given;
  if (certFile === '' || keyFile === '') throw new Error('missing filename for serving cert');
  const named = flags.get('tls-sni-cert-key').map(parseNamedPair);
  const version = flags.get('tls-min-version');
  const minVersion = isMinVersion(version) ? minVersions[version] : 'TLSv1.2';
  const [ciphers, curves] = [cipherList(flags.get('tls-cipher-suites')), curveList(flags.get('tls-curve-preferences'))];
  const choices = { ...(ciphers === undefined ? {} : { ciphers }), ...(curves === undefined ? {} : { curves }), ...(flags.get('disable-http2-serving') ? { http1Only: true } : {}) };
  return {
    files: [certFile, keyFile, ...named.flatMap((pair) => [pair.certFile, pair.keyFile])],
    tls(clientCa) {
      const sni = named.map((pair) => {
        try {
          const read = readPair(pair.certFile, pair.keyFile);
          const { commonName, dnsNames, ipAddresses } = parseCertificate(read.cert);
          const own = [...(dnsNames.length + ipAddresses.length === 0 ? [commonName] : dnsNames), ...ipAddresses];
          return { ...read, names: pair.names.length > 0 ? pair.names : own };
        } catch (error) {
          throw wrap('failed to load SNI cert and key', error);
        }
      });
      // Names that somebody wrote down win over names that a certificate happens to carry.
      const written = named.map((pair) => pair.names.length > 0);
      const ordered = [...sni.filter((_, at) => written[at] !== true).toReversed(), ...sni.filter((_, at) => written[at] === true).toReversed()];
      return { ...readPair(certFile, keyFile), minVersion, ...choices, ...(clientCa === '' ? {} : { clientCa }), ...(ordered.length === 0 ? {} : { sni: ordered }) };
    },
  };
}
