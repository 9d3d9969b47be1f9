// sysctl names everywhere; interfaces in a namespace of our own and nftables in a table of our own as root.
import { describe, expect, test } from 'vitest';
import { addNetns, defaultAddress, deleteNetns, ipCommand, listAddresses, listLinks, listNetns, listRoutes } from './ip.ts';
import { nftApply, nftDeleteTable, NftError, nftList, nftTables } from './nft.ts';
import { getSysctl, sysctlPath } from './sysctl.ts';

test('sysctl names', async () => {
  expect(sysctlPath('net.ipv4.conf.eth0/1.forwarding')).toBe('/proc/sys/net/ipv4/conf/eth0.1/forwarding');
  expect(() => sysctlPath('net..x')).toThrow('not a sysctl name');
  expect(() => sysctlPath('//.x')).toThrow('not a sysctl name');
  expect(await getSysctl('kernel.ostype')).toBe('Linux');
  expect(await getSysctl('kernel.no_such_thing')).toBeUndefined();
});

describe.skipIf(process.getuid?.() !== 0)('as root', () => {
  test('links, addresses and routes of a namespace', async () => {
    const name = `skiff-t${process.pid}`;
    await addNetns(name);
    try {
      expect(await listNetns()).toContain(name);
      await ipCommand(['-n', name, 'link', 'add', 'br9', 'type', 'bridge']);
      await ipCommand(['-n', name, 'address', 'add', '10.99.0.1/24', 'dev', 'br9']);
      await ipCommand(['-n', name, 'link', 'set', 'br9', 'up']);
      expect((await listLinks(undefined, name)).find((l) => l.name === 'br9')).toMatchObject({ kind: 'bridge', up: true });
      expect(await listAddresses(undefined, name)).toContainEqual({ link: 'br9', family: 'inet', address: '10.99.0.1', prefixLength: 24, scope: 'global' });
      expect(await listRoutes('inet', undefined, name)).toContainEqual({ destination: '10.99.0.0/24', gateway: undefined, link: 'br9', source: '10.99.0.1' });
    } finally {
      await deleteNetns(name);
    }
    await deleteNetns(name);
    expect(await listNetns()).not.toContain(name);
    const address = await defaultAddress();
    if (address !== undefined) expect((await listAddresses()).map((a) => a.address)).toContain(address);
  });

  test('an nft script is all or nothing', async () => {
    const table = `skiff_t${process.pid}`;
    try {
      await nftApply(`table ip ${table} {\n map m { type ipv4_addr : ipv4_addr; elements = { 10.0.0.1 : 10.0.0.2 }\n }\n }`);
      expect(await nftTables()).toContain(`ip ${table}`);
      const error = await nftApply(`add element ip ${table} m { 10.0.0.3 : 10.0.0.4 }\nadd rule ip ${table} nochain accept`).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(NftError);
      expect(JSON.stringify(await nftList('ip', table))).toContain('10.0.0.1');
      expect(JSON.stringify(await nftList('ip', table))).not.toContain('10.0.0.3');
    } finally {
      await nftDeleteTable('ip', table);
    }
    expect(await nftList('ip', table)).toBeUndefined();
    await nftDeleteTable('ip', table);
  });
});
