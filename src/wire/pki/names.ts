// Distinguished names and subject alternative names, between DER and plain values. Only the attributes that
// mean something to Kubernetes are told apart: CN is a user, O its groups.
import { isIP } from 'node:net';
import { der, derChildren, derOid, derSequence, derTag, derText, type DerValue, oidText, textOf } from './der.ts';

export interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Kubernetes' own attribute for a user's UID, as often as it stands there. */
  readonly userIds?: readonly string[];
}

export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

const commonNameOid = '2.5.4.3';
const organizationOid = '2.5.4.10';
const userIdOid = '1.3.6.1.4.1.57683.2';

/** A Name with each O and then CN as its own RDN. */
export function encodeSubject(subject: Subject): Buffer {
  const rdn = (oid: string, text: string): Buffer => der(derTag.set, derSequence(derOid(oid), derText(text)));
  const parts = subject.organizations.map((organization) => rdn(organizationOid, organization));
  if (subject.commonName !== '') parts.push(rdn(commonNameOid, subject.commonName));
  for (const id of subject.userIds ?? []) parts.push(rdn(userIdOid, id));
  return derSequence(...parts);
}

export function decodeSubject(name: DerValue): Subject {
  let commonName = '';
  const organizations: string[] = [];
  const userIds: string[] = [];
  for (const rdn of derChildren(name)) {
    for (const attribute of derChildren(rdn)) {
      const [type, value] = derChildren(attribute);
      if (type === undefined || value === undefined) continue;
      const oid = oidText(type);
      if (oid === commonNameOid) commonName = textOf(value);
      else if (oid === organizationOid) organizations.push(textOf(value));
      else if (oid === userIdOid) userIds.push(textOf(value));
    }
  }
  return { commonName, organizations, ...(userIds.length === 0 ? {} : { userIds }) };
}

export const noNames: AlternativeNames = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] };

export function encodeAlternativeNames(names: AlternativeNames): Buffer {
  return derSequence(
    ...names.emailAddresses.map((text) => der(0x81, Buffer.from(text))),
    ...names.dnsNames.map((text) => der(0x82, Buffer.from(text))),
    ...names.uris.map((text) => der(0x86, Buffer.from(text))),
    ...names.ipAddresses.map((text) => der(0x87, ipBytes(text))),
  );
}

export function decodeAlternativeNames(names: DerValue): AlternativeNames {
  const found = { dnsNames: [] as string[], ipAddresses: [] as string[], emailAddresses: [] as string[], uris: [] as string[] };
  for (const name of derChildren(names)) {
    if (name.tag === 0x81) found.emailAddresses.push(textOf(name));
    else if (name.tag === 0x82) found.dnsNames.push(textOf(name));
    else if (name.tag === 0x86) found.uris.push(textOf(name));
    else if (name.tag === 0x87) found.ipAddresses.push(ipText(name.content));
  }
  return found;
}

/** Network-order bytes of an IP address; throws on anything else. */
export function ipBytes(address: string): Buffer {
  const family = isIP(address);
  if (family === 4) return Buffer.from(address.split('.').map(Number));
  if (family !== 6) throw new Error(`not an IP address: ${address}`);
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const v4 = tail?.[2] === undefined ? undefined : Buffer.from(tail[2].split('.').map(Number));
  const text = v4 === undefined ? address : `${tail?.[1] ?? ''}${v4.readUInt16BE(0).toString(16)}:${v4.readUInt16BE(2).toString(16)}`;
  const [left = '', right] = text.split('::');
  const groups = (side: string): number[] => (side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16)));
  const before = groups(left);
  const after = right === undefined ? [] : groups(right);
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  const bytes = Buffer.alloc(16);
  all.forEach((group, i) => bytes.writeUInt16BE(group, i * 2));
  return bytes;
}

/** The canonical text of an address's bytes (RFC 5952). */
export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  const view = Buffer.from(bytes);
  const groups = Array.from({ length: 8 }, (_, i) => view.readUInt16BE(i * 2).toString(16));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}
