// The audit event (audit.k8s.io/v1 Event) and its two texts: JSON with upstream's fields in upstream's order, and the
// one-line legacy form.
import type { Status } from '#api/meta/v1.ts';
import { rfc3339Micro } from '#base/clock.ts';
import { goQuote, stringifyJson } from '#machinery';
import type { Identity } from '../contract.ts';
import type { Level, Stage } from './policy.ts';

export interface ObjectReference {
  resource?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiGroup?: string;
  apiVersion?: string;
  resourceVersion?: string;
  subresource?: string;
}

/** One stage of one request. Immutable once handed to a backend. */
export interface AuditEvent {
  readonly level: Level;
  readonly auditId: string;
  readonly stage: Stage;
  readonly requestUri: string;
  readonly verb: string;
  readonly user: Identity | undefined;
  readonly impersonatedUser?: Identity;
  readonly impersonationConstraint?: string;
  readonly sourceIps: readonly string[];
  readonly userAgent: string;
  readonly objectRef?: ObjectReference;
  readonly responseStatus?: Status;
  /** JSON values. */
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly receivedMs: number;
  readonly stageMs: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

function userInfo(user: Identity | undefined): object {
  if (user === undefined) return {};
  const extra = user.extra ?? {};
  return {
    ...(user.name === '' ? {} : { username: user.name }),
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function objectReference(ref: ObjectReference): object {
  const { resource, namespace, name, uid, apiGroup, apiVersion, resourceVersion, subresource } = ref;
  const all = { resource, namespace, name, uid, apiGroup, apiVersion, resourceVersion, subresource };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ''));
}

/** As it appears in a list of events: with kind and apiVersion only when asked for. */
export function eventFields(event: AuditEvent, typed: boolean): Record<string, unknown> {
  const annotations = Object.entries(event.annotations ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...(typed ? { kind: 'Event', apiVersion: 'audit.k8s.io/v1' } : {}),
    level: event.level,
    auditID: event.auditId,
    stage: event.stage,
    requestURI: event.requestUri,
    verb: event.verb,
    user: userInfo(event.user),
    ...(event.impersonatedUser === undefined ? {} : { impersonatedUser: userInfo(event.impersonatedUser) }),
    ...(event.impersonationConstraint === undefined || event.impersonationConstraint === '' ? {} : { authenticationMetadata: { impersonationConstraint: event.impersonationConstraint } }),
    ...(event.sourceIps.length === 0 ? {} : { sourceIPs: event.sourceIps }),
    ...(event.userAgent === '' ? {} : { userAgent: event.userAgent }),
    ...(event.objectRef === undefined ? {} : { objectRef: objectReference(event.objectRef) }),
    ...(event.responseStatus === undefined ? {} : { responseStatus: { metadata: {}, ...event.responseStatus } }),
    ...(event.requestObject === undefined ? {} : { requestObject: event.requestObject }),
    ...(event.responseObject === undefined ? {} : { responseObject: event.responseObject }),
    requestReceivedTimestamp: rfc3339Micro(event.receivedMs),
    stageTimestamp: rfc3339Micro(event.stageMs),
    ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
  };
}

/** One line of a JSON log, its line end included. */
export function eventJson(event: AuditEvent): string {
  return `${stringifyJson(eventFields(event, true))}\n`;
}

function quotedList(values: readonly string[]): string {
  return values.map(goQuote).join(',');
}

/** One line of a legacy log, without its line end. */
export function eventLegacy(event: AuditEvent): string {
  const { user, impersonatedUser } = event;
  const named = user !== undefined && user.name !== '';
  const groups = named && user.groups.length > 0 ? quotedList(user.groups) : '<none>';
  const asGroups = impersonatedUser === undefined || impersonatedUser.groups.length === 0 ? '<lookup>' : quotedList(impersonatedUser.groups);
  const namespace = event.objectRef?.namespace ?? '';
  const parts: readonly (readonly [string, string])[] = [
    ['id', event.auditId], ['stage', event.stage], ['ip', event.sourceIps[0] ?? '<unknown>'], ['method', event.verb], ['user', named ? user.name : '<none>'], ['groups', groups],
    ['as', impersonatedUser?.name ?? '<self>'], ['asgroups', asGroups], ['user-agent', event.userAgent], ['namespace', namespace === '' ? '<none>' : namespace], ['uri', event.requestUri],
  ];
  const response = event.responseStatus === undefined ? '<deferred>' : String(event.responseStatus.code ?? 0);
  return `${rfc3339Micro(event.receivedMs)} AUDIT: ${parts.map(([name, value]) => `${name}=${goQuote(value)}`).join(' ')} response="${response}"`;
}
