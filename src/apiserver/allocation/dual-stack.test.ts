// Services of a cluster with two service ranges, and of one with a single range that is asked for two: families,
// addresses, and what changes with ipFamilyPolicy (KEP-563). As a client sees it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMemoryStore, type Store } from '#store';
import { startTestServer, testWorld, type Answer, type TestServer } from '../test-server.case.ts';

const services = '/api/v1/namespaces/default/services';
const addresses = '/apis/networking.k8s.io/v1/ipaddresses';
const [four, six] = [['IPv4'], ['IPv6']];
const [fourSix, sixFour] = [['IPv4', 'IPv6'], ['IPv6', 'IPv4']];

type Fields = Record<string, unknown>;

describe('families of services', () => {
  let store: Store;
  let api: TestServer;

  const start = async (serviceCidr: string): Promise<void> => {
    api = await startTestServer(store, { serviceCidr });
  };
  beforeEach(() => {
    store = openMemoryStore(testWorld());
  });
  afterEach(async () => {
    await api[Symbol.asyncDispose]();
    await store.close();
  });

  const service = (spec: Fields): Fields => ({ metadata: { name: 's' }, spec: { selector: { app: 'x' }, ports: [{ port: 80 }], ...spec } });
  const make = async (spec: Fields): Promise<Answer> => {
    await api.del(`${services}/s`);
    return api.post(services, service(spec));
  };
  const change = (spec: Fields): Promise<Answer> => api.patch(`${services}/s`, 'merge', { spec });
  /** Policy, families, and how many addresses. */
  const told = ({ body }: Answer): unknown => {
    if (body.spec === undefined) return body.message;
    const { ipFamilyPolicy, ipFamilies, clusterIPs = [], clusterIP } = body.spec;
    if (clusterIPs.length > 0) expect(clusterIPs[0]).toBe(clusterIP);
    return [ipFamilyPolicy, ipFamilies, clusterIPs.map((ip: string) => (ip === 'None' ? ip : ip.includes(':') ? 'IPv6' : 'IPv4'))];
  };
  const held = async (): Promise<string[]> => {
    const { items } = (await api.get(addresses)).body as { items: { metadata: { name: string }; spec: { parentRef: { name: string } } }[] };
    return items.filter((item) => item.spec.parentRef.name === 's').map((item) => item.metadata.name).sort();
  };
  const refusal = (field: string, value: string, detail: string): string => `Service "s" is invalid: spec.${field}: Invalid value: ${value}: ${detail}`;

  describe('with two ranges, IPv4 first', () => {
    beforeEach(() => start('10.96.0.0/16,fd00:10:96::/112'));

    it('are given to new services by policy, families and addresses', async () => {
      const cases: [Fields, unknown][] = [
        [{}, ['SingleStack', four, four]],
        [{ ipFamilies: six }, ['SingleStack', six, six]],
        [{ ipFamilyPolicy: 'PreferDualStack' }, ['PreferDualStack', fourSix, fourSix]],
        [{ ipFamilyPolicy: 'RequireDualStack' }, ['RequireDualStack', fourSix, fourSix]],
        [{ ipFamilyPolicy: 'RequireDualStack', ipFamilies: six }, ['RequireDualStack', sixFour, sixFour]],
        [{ ipFamilyPolicy: 'PreferDualStack', ipFamilies: sixFour }, ['PreferDualStack', sixFour, sixFour]],
        [{ clusterIP: 'fd00:10:96::50' }, ['SingleStack', six, six]],
        [{ ipFamilyPolicy: 'PreferDualStack', clusterIP: 'fd00:10:96::50' }, ['PreferDualStack', sixFour, sixFour]],
        [{ ipFamilyPolicy: 'RequireDualStack', clusterIP: '10.96.0.50', clusterIPs: ['10.96.0.50', 'fd00:10:96::50'] }, ['RequireDualStack', fourSix, fourSix]],
        [{ clusterIP: 'None' }, ['SingleStack', four, ['None']]],
        [{ clusterIP: 'None', ipFamilyPolicy: 'PreferDualStack' }, ['PreferDualStack', fourSix, ['None']]],
        [{ clusterIP: 'None', selector: null }, ['RequireDualStack', fourSix, ['None']]],
        [{ clusterIP: 'None', selector: null, ipFamilies: six }, ['RequireDualStack', sixFour, ['None']]],
        [{ clusterIP: 'None', selector: null, ipFamilyPolicy: 'SingleStack' }, ['SingleStack', four, ['None']]],
        [{ type: 'ExternalName', externalName: 'a.example', ports: null }, [undefined, undefined, []]],
        [{ type: 'NodePort', ipFamilyPolicy: 'RequireDualStack' }, ['RequireDualStack', fourSix, fourSix]],
      ];
      for (const [spec, wanted] of cases) expect([spec, told(await make(spec))]).toEqual([spec, wanted]);
    });

    it('are refused to new services that contradict themselves', async () => {
      const dual = (what: string): string => refusal('ipFamilyPolicy', '"SingleStack"', `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`);
      const cases: [Fields, string][] = [
        [{ ipFamilies: fourSix }, dual('IP families')],
        [{ clusterIP: '10.96.0.50', clusterIPs: ['10.96.0.50', 'fd00:10:96::50'] }, dual('cluster IPs')],
        [{ ipFamilies: six, clusterIP: '10.96.0.50' }, refusal('clusterIPs[0]', '"10.96.0.50"', 'expected an IPv6 value as indicated by `ipFamilies[0]`')],
        [{ clusterIPs: ['10.96.0.50'] }, refusal('clusterIPs', '["10.96.0.50"]', 'must be empty when `clusterIP` is not specified')],
        [{ ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv4'] }, 'Service "s" is invalid: spec.ipFamilies[1]: Duplicate value: "IPv4"'],
        [
          { ipFamilyPolicy: 'RequireDualStack', clusterIP: '10.96.0.50', clusterIPs: ['10.96.0.50', '10.96.0.51'] },
          refusal('clusterIPs', '["10.96.0.50","10.96.0.51"]', 'may specify no more than one IP for each IP family'),
        ],
      ];
      for (const [spec, wanted] of cases) expect([spec, told(await make(spec))]).toEqual([spec, wanted]);
      expect(await held()).toEqual([]);
    });

    it('grow by the second when the policy asks for it, and the address of each is marked', async () => {
      const first = (await make({})).body.spec.clusterIP as string;
      const grown = await change({ ipFamilyPolicy: 'RequireDualStack' });
      expect(told(grown)).toEqual(['RequireDualStack', fourSix, fourSix]);
      expect(grown.body.spec.clusterIP).toBe(first);
      expect(await held()).toEqual([...grown.body.spec.clusterIPs].sort());
      const second = (await api.get(`${addresses}/${grown.body.spec.clusterIPs[1]}`)).body;
      expect(second.metadata.labels['ipaddress.kubernetes.io/ip-family']).toBe('IPv6');
    });

    it('grow by an address that is named, and not by one that is taken', async () => {
      const first = (await make({})).body.spec.clusterIP as string;
      const named = await change({ ipFamilyPolicy: 'PreferDualStack', clusterIPs: [first, 'fd00:10:96::77'] });
      expect(named.body.spec).toMatchObject({ ipFamilies: fourSix, clusterIPs: [first, 'fd00:10:96::77'] });
      const other = (await api.post(services, { ...service({}), metadata: { name: 't' } })).body.spec.clusterIP as string;
      const taken = await api.patch(`${services}/t`, 'merge', { spec: { ipFamilyPolicy: 'RequireDualStack', clusterIPs: [other, 'fd00:10:96::77'] } });
      expect(taken.body.message).toBe(`Service "t" is invalid: spec.clusterIPs: Invalid value: ["${other}","fd00:10:96::77"]: failed to allocate IP fd00:10:96::77: provided IP is already allocated`);
    });

    it('shrink to the first by SingleStack alone, however it is said, and the second address is free again', async () => {
      const ways: ((first: string) => Fields)[] = [
        () => ({ ipFamilyPolicy: 'SingleStack' }),
        (first) => ({ ipFamilyPolicy: 'SingleStack', clusterIPs: [first], ipFamilies: six }),
        (first) => ({ ipFamilyPolicy: 'SingleStack', clusterIPs: [first] }),
        () => ({ ipFamilyPolicy: 'SingleStack', ipFamilies: six }),
      ];
      for (const way of ways) {
        const first = (await make({ ipFamilyPolicy: 'RequireDualStack', ipFamilies: sixFour })).body.spec.clusterIP as string;
        expect(told(await change(way(first)))).toEqual(['SingleStack', six, six]);
        expect(await held()).toEqual([first]);
      }
    });

    it('do not shrink without the policy, and never change the first', async () => {
      const { clusterIPs } = (await make({ ipFamilyPolicy: 'RequireDualStack' })).body.spec as { clusterIPs: string[] };
      const kept = (what: string): string => refusal('ipFamilyPolicy', '"RequireDualStack"', `must be 'SingleStack' to release the secondary ${what}`);
      expect(told(await change({ clusterIPs: [clusterIPs[0]] }))).toBe(kept('cluster IP'));
      expect(told(await change({ ipFamilies: four }))).toBe(kept('IP family'));
      const swapped = [clusterIPs[1], clusterIPs[0]];
      const refused = await change({ clusterIP: swapped[0], clusterIPs: swapped, ipFamilies: sixFour });
      expect(refused.status).toBe(422);
      expect(refused.body.message).toContain('spec.clusterIPs[0]: Invalid value:');
      expect(refused.body.message).toContain('may not change once set');
      expect(await held()).toEqual([...clusterIPs].sort());
    });

    it('survive a PUT of the manifest that made them', async () => {
      const manifest = service({ ipFamilyPolicy: 'PreferDualStack' });
      const made = (await api.post(services, manifest)).body.spec;
      expect((await api.put(`${services}/s`, manifest)).body.spec).toEqual(made);
      expect((await api.put(`${services}/s`, service({}))).body.spec).toEqual(made);
    });

    it('come and go with the type', async () => {
      await make({ ipFamilyPolicy: 'PreferDualStack' });
      const external = await change({ type: 'ExternalName', externalName: 'a.example' });
      expect(told(external)).toEqual([undefined, undefined, []]);
      expect(await held()).toEqual([]);
      const back = await change({ type: 'ClusterIP', externalName: null, ipFamilyPolicy: 'RequireDualStack' });
      expect(told(back)).toEqual(['RequireDualStack', fourSix, fourSix]);
      expect(await held()).toEqual([...back.body.spec.clusterIPs].sort());
      await api.del(`${services}/s`);
      expect(await held()).toEqual([]);
    });

    it('are only shown by a dry run', async () => {
      await make({});
      const before = await held();
      expect(told(await api.patch(`${services}/s?dryRun=All`, 'merge', { spec: { ipFamilyPolicy: 'RequireDualStack' } }))).toEqual(['RequireDualStack', fourSix, fourSix]);
      expect(await held()).toEqual(before);
    });
  });

  it('of a cluster with IPv6 first are IPv6 first', async () => {
    await start('fd00:10:96::/112,10.96.0.0/16');
    expect(told(await make({}))).toEqual(['SingleStack', six, six]);
    expect(told(await make({ ipFamilyPolicy: 'PreferDualStack' }))).toEqual(['PreferDualStack', sixFour, sixFour]);
  });

  it('that the cluster does not have are refused, but to services that nobody selects for', async () => {
    await start('10.96.0.0/16');
    const cases: [Fields, unknown][] = [
      [{ ipFamilyPolicy: 'PreferDualStack' }, ['PreferDualStack', four, four]],
      [{ ipFamilyPolicy: 'RequireDualStack' }, refusal('ipFamilyPolicy', '"RequireDualStack"', 'this cluster is not configured for dual-stack services')],
      [{ ipFamilies: six }, refusal('ipFamilies[0]', '"IPv6"', 'not configured on this cluster')],
      [{ clusterIP: 'fd00::1' }, refusal('clusterIPs[0]', '["fd00::1"]', 'IPv6 is not configured on this cluster')],
      [{ clusterIP: 'None', selector: null }, ['RequireDualStack', fourSix, ['None']]],
    ];
    for (const [spec, wanted] of cases) expect([spec, told(await make(spec))]).toEqual([spec, wanted]);
  });

  it('do not change by themselves when the cluster gains a range; the ServiceCIDR does', async () => {
    const cidr = '/apis/networking.k8s.io/v1/servicecidrs/kubernetes';
    await start('10.96.0.0/16');
    await make({ ipFamilyPolicy: 'PreferDualStack' });
    expect((await api.get(cidr)).body.spec.cidrs).toEqual(['10.96.0.0/16']);
    await api[Symbol.asyncDispose]();
    await start('10.96.0.0/16,fd00:10:96::/112');
    expect(told(await change({ selector: { app: 'y' } }))).toEqual(['PreferDualStack', four, four]);
    expect(told(await change({ ipFamilyPolicy: 'RequireDualStack' }))).toEqual(['RequireDualStack', fourSix, fourSix]);
    const { body } = await api.get(cidr);
    expect(body.spec.cidrs).toEqual(['10.96.0.0/16', 'fd00:10:96::/112']);
    expect(body.status.conditions).toMatchObject([{ type: 'Ready', status: 'True', message: 'Kubernetes default Service CIDR is ready' }]);
  });
});
