// Rules against the real nft, in a network namespace of its own: every ruleset loads, a random walk of deltas
// ends in the same table as a fresh load, and unchanged input costs nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Service } from '#api/core/v1.ts';
import type { EndpointSlice } from '#api/discovery/v1.ts';
import { randomInt, seededRandom, type Random } from '#base/random.ts';
import { addNetns, deleteNetns, run } from '#linux';
import { buildRuleset, tableName, type RulesConfig } from './rules.ts';
import { deltaScript, fullScript, type Ruleset } from './ruleset.ts';
import { servicePorts, type ServicePortEntry } from './service-ports.ts';

const config: RulesConfig = { podCidr: '10.244.0.0/16', localhostNodePorts: true };
const here = { nodeName: 'n1', zone: '' };
const nothing = { chains: [], sets: [] };

function slice(endpoints: EndpointSlice['endpoints'], port = 8080): EndpointSlice {
  return { addressType: 'IPv4', ports: [{ name: 'http', port, protocol: 'TCP' }], endpoints };
}

function service(spec: Service['spec'], status?: Service['status']): Service {
  return { metadata: { name: 'web', namespace: 'shop' }, spec: { clusterIP: '10.96.0.7', ports: [{ name: 'http', port: 80, nodePort: spec?.type === undefined ? undefined : 30080 }], ...spec }, status };
}

const two = [{ addresses: ['10.244.0.3'], nodeName: 'n1' }, { addresses: ['10.244.1.4'], nodeName: 'n2' }];
const entriesOf = (s: Service, slices: EndpointSlice[]): ServicePortEntry[] => servicePorts(s, slices, here);
const linesOf = (entries: readonly ServicePortEntry[], prefix: string): string[] => [...buildRuleset('ip', entries, config).chains].filter(([name]) => name.startsWith(prefix)).flatMap(([, lines]) => lines);

describe('which endpoints', () => {
  test('policy Local keeps outside traffic on this node, inside traffic goes everywhere', () => {
    const [entry] = entriesOf(service({ type: 'NodePort', externalTrafficPolicy: 'Local' }), [slice(two)]);
    expect(entry?.clusterEndpoints.map((e) => e.ip)).toEqual(['10.244.0.3', '10.244.1.4']);
    expect(entry?.externalEndpoints.map((e) => e.ip)).toEqual(['10.244.0.3']);
  });
  test('terminating endpoints serve when no ready one is left', () => {
    const dying = [{ addresses: ['10.244.0.3'], conditions: { ready: false, serving: true, terminating: true } }];
    expect(entriesOf(service({}), [slice(dying)])[0]?.clusterEndpoints.map((e) => e.ip)).toEqual(['10.244.0.3']);
    expect(entriesOf(service({}), [slice([...dying, ...two])])[0]?.clusterEndpoints.map((e) => e.ip)).toEqual(['10.244.0.3', '10.244.1.4']);
  });
  test('headless, ExternalName and foreign services have no rules', () => {
    expect(entriesOf(service({ clusterIP: 'None' }), [slice(two)])).toEqual([]);
    expect(entriesOf(service({ type: 'ExternalName', externalName: 'x' }), [])).toEqual([]);
  });
});

describe('which rules', () => {
  test('a Service without endpoints is refused, with only remote ones under policy Local dropped', () => {
    const none = buildRuleset('ip', entriesOf(service({ type: 'NodePort' }), []), config);
    expect(none.sets.get('no-endpoint-services')?.elements).toEqual(new Map([['10.96.0.7 . tcp . 80', 'goto reject-chain']]));
    const remote = buildRuleset('ip', entriesOf(service({ type: 'NodePort', externalTrafficPolicy: 'Local' }), [slice([{ addresses: ['10.244.1.4'], nodeName: 'n2' }])]), config);
    expect(remote.sets.get('no-endpoint-nodeports')?.elements).toEqual(new Map([['tcp . 30080', 'drop']]));
  });
  test('a pod that reaches itself is masqueraded; affinity remembers clients', () => {
    const entries = entriesOf(service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } }), [slice(two)]);
    expect(linesOf(entries, 'endpoint-')).toContain('ip saddr 10.244.0.3 jump mark-for-masquerade');
    expect(linesOf(entries, 'endpoint-').some((l) => l.startsWith('update @affinity-'))).toBe(true);
    expect(linesOf(entries, 'service-').filter((l) => l.includes('@affinity-'))).toHaveLength(2);
  });
});

function randomEntries(random: Random): ServicePortEntry[] {
  return Array.from({ length: randomInt(random, 6) }, (_, i) => {
    const endpoints = Array.from({ length: randomInt(random, 4) }, (__, k) => ({ addresses: [`10.244.${randomInt(random, 2)}.${k + 2}`], nodeName: `n${1 + randomInt(random, 2)}` }));
    const type = ['ClusterIP', 'NodePort', 'LoadBalancer'][randomInt(random, 3)];
    const s: Service = {
      metadata: { name: `s${i}`, namespace: 'x' },
      spec: {
        type, clusterIP: `10.96.0.${i + 1}`, externalTrafficPolicy: random.next() < 0.5 ? 'Local' : 'Cluster', internalTrafficPolicy: random.next() < 0.2 ? 'Local' : 'Cluster',
        sessionAffinity: random.next() < 0.3 ? 'ClientIP' : 'None', externalIPs: random.next() < 0.2 ? [`192.0.2.${i + 1}`] : [],
        loadBalancerSourceRanges: random.next() < 0.3 ? ['198.51.100.0/24', '203.0.113.0/24'] : [],
        ports: [{ name: 'http', port: 80, ...(type === 'ClusterIP' ? {} : { nodePort: 30_000 + i }) }],
      },
      status: type === 'LoadBalancer' ? { loadBalancer: { ingress: [{ ip: `203.0.113.${i + 1}` }] } } : {},
    };
    return entriesOf(s, [slice(endpoints)]);
  }).flat();
}

const root = process.getuid?.() === 0;
describe.skipIf(!root)('against the kernel (needs root)', () => {
  const netns = `skiff-proxy-test-${process.pid}`;
  const nft = async (args: string[], input?: string): Promise<string> => {
    const result = await run('ip', ['netns', 'exec', netns, 'nft', ...args], { input });
    expect(result.stderr).toBe('');
    return result.stdout;
  };
  beforeAll(() => addNetns(netns));
  afterAll(() => deleteNetns(netns));

  /** The table as text with chains and elements in order, so that two ways to the same state compare equal. */
  const listing = async (): Promise<string[]> => {
    const { nftables } = JSON.parse(await nft(['--json', 'list', 'table', 'ip', tableName])) as { nftables: Record<string, Record<string, unknown>>[] };
    return nftables
      .map((item) => JSON.stringify(item, (key, value: unknown) => (key === 'handle' || key === 'metainfo' ? undefined : key === 'elem' && Array.isArray(value) ? value.map((v) => JSON.stringify(v)).sort() : value)))
      .sort();
  };

  test('a walk of deltas ends where a fresh load ends', async () => {
    const seed = Number(process.env.SEED ?? Math.floor(performance.timeOrigin) % 1_000_000);
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    let current: Ruleset = buildRuleset('ip', [], config);
    await nft(['-f', '-'], fullScript(current, nothing));
    for (let step = 0; step < 12; step++) {
      const next = buildRuleset('ip', randomEntries(random), config);
      const script = deltaScript(current, next);
      if (script !== '') await nft(['-f', '-'], script);
      expect(deltaScript(next, next)).toBe('');
      current = next;
    }
    const walked = await listing();
    await nft(['delete', 'table', 'ip', tableName]);
    await nft(['-f', '-'], fullScript(current, nothing));
    expect(await listing()).toEqual(walked);
  });
});
