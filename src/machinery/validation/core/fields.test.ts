// Addresses in fields that predate strict checking, with the feature gate StrictIPCIDRValidation on and off.
import { afterEach, expect, it } from 'vitest';
import { validateCreate } from '../index.ts';
import { canonicalIpErrors, checkStrictCidr } from './addresses.ts';
import { checkCidr, checkIp, refuseAmbiguousAddresses } from './fields.ts';

afterEach(() => refuseAmbiguousAddresses(true));

const details = (on: boolean): string[][] => {
  refuseAmbiguousAddresses(on);
  return [
    ...['10.0.0.1', '010.0.0.1', '::ffff:1.2.3.4', '1.2.3.4.5'].map((value) => checkIp(value, 'f')),
    ...['10.0.0.0/8', '010.0.0.0/8', '10.0.0.1/8', '10.0.0.0/33'].map((value) => checkCidr(value, 'f')),
  ].map((errors) => errors.map(({ detail }) => detail.slice(0, 18)));
};

it('are refused where programs read them in different ways', () => {
  expect(details(true)).toEqual([[], ['must not have lead'], ['must not be an IPv'], ['must be a valid IP'], [], ['must not have lead'], ['must not have bits'], ['must be a valid CI']]);
});

it('are taken where that is turned off, and newer fields are as strict as ever', () => {
  expect(details(false)).toEqual([[], [], [], ['must be a valid IP'], [], [], [], ['must be a valid CI']]);
  expect(canonicalIpErrors('010.0.0.1')).toEqual(['must not have leading 0s']);
  expect(checkStrictCidr('10.0.0.1/8', 'f')).toMatchObject([{ detail: 'must not have bits set beyond the prefix length' }]);
});

it('of endpoints too', () => {
  refuseAmbiguousAddresses(false);
  const metadata = { name: 'a', namespace: 'default' };
  const slice = { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', metadata, addressType: 'IPv4', ports: [], endpoints: [{ addresses: ['10.244.0.011'] }] };
  const endpoints = { kind: 'Endpoints', apiVersion: 'v1', metadata, subsets: [{ addresses: [{ ip: '192.168.3.011' }], ports: [{ port: 80, protocol: 'TCP' }] }] };
  expect([...validateCreate('discovery.v1.EndpointSlice', slice), ...validateCreate('core.v1.Endpoints', endpoints)]).toEqual([]);
});
