// Bootstrap tokens (`skiff join`, kubeadm's join): Secrets bootstrap-token-<id> in kube-system of their own type. A
// Secret that is not exactly as it should be authenticates nobody.
import { timingSafeEqual } from 'node:crypto';
import { parseTime, type Clock } from '#base/clock.ts';
import type { KubeObject, ObjectReader } from '../contract.ts';
import type { TokenCheck } from './token-checks.ts';

const defaultGroup = 'system:bootstrappers';
const groupPattern = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function sameText(a: string, b: string): boolean {
  const x = Buffer.from(a);
  const y = Buffer.from(b);
  return x.length === y.length && timingSafeEqual(x, y);
}

function dataOf(object: KubeObject): (key: string) => string {
  const data = typeof object.data === 'object' && object.data !== null ? (object.data as Readonly<Record<string, unknown>>) : {};
  return (key) => {
    const value = data[key];
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : '';
  };
}

export function bootstrapTokenCheck(clock: Pick<Clock, 'now'>, reader: ObjectReader): TokenCheck {
  return ({ token }) => {
    const match = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token);
    if (match === null) return undefined;
    const [, id = '', secret = ''] = match;
    const object = reader.get('', 'secrets', 'kube-system', `bootstrap-token-${id}`);
    if (object === undefined || object.metadata?.deletionTimestamp !== undefined || object.type !== 'bootstrap.kubernetes.io/token') return undefined;
    const text = dataOf(object);
    if (!sameText(text('token-secret'), secret) || text('token-id') !== id) return undefined;
    const expiration = text('expiration');
    if (expiration !== '' && (!timePattern.test(expiration) || parseTime(expiration) <= clock.now())) return undefined;
    if (text('usage-bootstrap-authentication') !== 'true') return undefined;
    const extra = text('auth-extra-groups');
    const groups = extra === '' ? [] : extra.split(',');
    // One bad group spoils the token.
    if (groups.some((group) => !groupPattern.test(group))) return undefined;
    return { identity: { name: `system:bootstrap:${id}`, groups: [...new Set([defaultGroup, ...groups])].sort() } };
  };
}
