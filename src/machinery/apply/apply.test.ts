// Server-side apply and ownership tracking as users see them: who owns what, who conflicts with whom, and
// what disappears when a manager leaves it out.
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../object.ts';
import { StatusError } from '../status.ts';
import { paths, showPath, type FieldSet } from './field-set.ts';
import { keepUnchangedTimes, managerFromUserAgent, trackUpdate } from './track-update.ts';
import { serverSideApply, type ApplyInput } from './server-side-apply.ts';
import { parentEntries, scaleEntries } from './scale-fields.ts';

const noon = Date.parse('2026-01-02T12:00:00Z');

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) deepFreeze(item);
    Object.freeze(value);
  }
  return value;
}

const deployment = (spec: Record<string, unknown>, metadata: Record<string, unknown> = {}): KubeObject =>
  deepFreeze({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default', ...metadata }, spec });

function apply(live: KubeObject | undefined, applied: KubeObject, manager: string, more: Partial<ApplyInput> = {}): KubeObject {
  const result = serverSideApply({ type: 'apps.v1.Deployment', live, applied, manager, force: false, nowMs: noon, ...more });
  return deepFreeze({ ...result, metadata: { ...result.metadata, uid: 'u' } });
}

function update(before: KubeObject | undefined, after: KubeObject, manager: string, subresource = ''): KubeObject {
  const result = trackUpdate({ type: 'apps.v1.Deployment', before, after, manager, subresource, apiVersion: 'apps/v1', nowMs: noon });
  return deepFreeze({ ...result, metadata: { ...result.metadata, uid: 'u' } });
}

function owners(object: KubeObject): Record<string, string[]> {
  const out: Record<string, string[]> = {};
  for (const entry of object.metadata?.managedFields ?? []) {
    const name = `${entry.manager ?? ''}/${entry.operation ?? ''}${entry.subresource === undefined ? '' : `/${entry.subresource}`}`;
    out[name] = paths(entry.fieldsV1 as FieldSet).map(showPath);
  }
  return out;
}

function refusal(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const web = { name: 'web', image: 'nginx:1', ports: [{ containerPort: 80 }] };

describe('ownership of updates', () => {
  const pod = deepFreeze({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'nginx', namespace: 'default', labels: { run: 'nginx' }, creationTimestamp: null },
    spec: { containers: [{ name: 'nginx', image: 'nginx', resources: {}, imagePullPolicy: 'Always' }], restartPolicy: 'Always', securityContext: {} },
    status: {},
  }) as unknown as KubeObject;

  it('records a create as upstream does', () => {
    const created = trackUpdate({ type: 'core.v1.Pod', before: undefined, after: pod, manager: 'kubectl-run', apiVersion: 'v1', nowMs: noon });
    expect(created.metadata?.managedFields).toEqual([
      {
        manager: 'kubectl-run',
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-01-02T12:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:run': {} } },
          'f:spec': {
            'f:containers': { 'k:{"name":"nginx"}': { '.': {}, 'f:image': {}, 'f:imagePullPolicy': {}, 'f:name': {}, 'f:resources': {} } },
            'f:restartPolicy': {},
            'f:securityContext': {},
          },
        },
      },
    ]);
    const containers = (created.metadata?.managedFields?.[0]?.fieldsV1 as Record<string, Record<string, Record<string, object>>>)['f:spec']?.['f:containers'];
    expect(Object.keys(containers?.['k:{"name":"nginx"}'] ?? {})).toEqual(['.', 'f:image', 'f:imagePullPolicy', 'f:name', 'f:resources']);
  });

  it('owns a foreign object inside of another whole', () => {
    const revision = deepFreeze({ kind: 'ControllerRevision', apiVersion: 'apps/v1', metadata: { name: 'r' }, data: { spec: { template: { a: 1 } } }, revision: 1 }) as unknown as KubeObject;
    const created = trackUpdate({ type: 'apps.v1.ControllerRevision', before: undefined, after: revision, manager: 'm', apiVersion: 'apps/v1', nowMs: noon });
    expect(created.metadata?.managedFields?.[0]?.fieldsV1).toEqual({ 'f:data': {}, 'f:revision': {} });
  });

  it('takes changed fields from the previous owner and keeps no-op updates out', () => {
    const created = update(undefined, deployment({ replicas: 1, paused: true }), 'creator');
    const scaled = update(created, deepFreeze({ ...created, spec: { replicas: 3, paused: true } }), 'scaler');
    expect(owners(scaled)).toEqual({ 'creator/Update': ['.spec.paused'], 'scaler/Update': ['.spec.replicas'] });
    const same = trackUpdate({ type: 'apps.v1.Deployment', before: scaled, after: scaled, manager: 'other', apiVersion: 'apps/v1', nowMs: noon + 60_000 });
    expect(same.metadata?.managedFields).toEqual(scaled.metadata?.managedFields);
  });

  it('keeps spec and status apart', () => {
    const created = { ...update(undefined, deployment({ replicas: 1 }), 'creator'), status: {} };
    const withStatus = deepFreeze({ ...created, spec: { replicas: 9 }, status: { replicas: 1 } });
    expect(owners(update(created, withStatus, 'controller', 'status'))).toEqual({ 'creator/Update': ['.spec.replicas'], 'controller/Update/status': ['.status.replicas'] });
  });

  it('starts afresh when managedFields are reset, and does not track what was never tracked', () => {
    const created = update(undefined, deployment({ replicas: 1 }), 'creator');
    const reset = { ...created, metadata: { ...created.metadata, managedFields: [{}] } } as KubeObject;
    expect(update(created, reset, 'x').metadata?.managedFields).toBeUndefined();
    const untracked = deployment({ replicas: 1 }, { uid: 'u' });
    expect(update(untracked, deployment({ replicas: 2 }, { uid: 'u' }), 'x').metadata?.managedFields).toBeUndefined();
  });

  it('ignores broken managedFields of the client', () => {
    const created = update(undefined, deployment({ replicas: 1 }), 'creator');
    const broken = { ...created, metadata: { ...created.metadata, managedFields: [{ manager: 'x', operation: 'Nope' }] } } as KubeObject;
    expect(owners(update(created, broken, 'x'))).toEqual({ 'creator/Update': ['.spec.replicas'] });
  });

  it('merges the oldest update managers beyond ten', () => {
    let object: KubeObject = deployment({}, { labels: {} });
    object = update(undefined, object, 'm00');
    for (let i = 0; i < 13; i++) {
      const after = { ...object, metadata: { ...object.metadata, labels: { ...object.metadata?.labels, [`l${i}`]: '1' } } };
      object = trackUpdate({ type: 'apps.v1.Deployment', before: object, after, manager: `m${String(i).padStart(2, '0')}`, apiVersion: 'apps/v1', nowMs: noon + i * 1000 });
      object = { ...object, metadata: { ...object.metadata, uid: 'u' } };
    }
    const names = (object.metadata?.managedFields ?? []).map((entry) => entry.manager);
    expect(names).toHaveLength(10);
    expect(names).toContain('ancient-changes');
  });

  it('names managers by the User-Agent', () => {
    expect(managerFromUserAgent('kubectl/v1.36.0 (linux/amd64)')).toBe('kubectl');
    expect(managerFromUserAgent('a'.repeat(200))).toHaveLength(128);
  });
});

describe('server-side apply', () => {
  it('creates, owning exactly what was applied', () => {
    const live = apply(undefined, deployment({ replicas: 2, template: { spec: { containers: [web] } } }, { labels: { app: 'web' } }), 'me');
    expect(owners(live)).toEqual({
      'me/Apply': [
        '.metadata.labels.app',
        '.spec.replicas',
        '.spec.template.spec.containers[name="web"]',
        '.spec.template.spec.containers[name="web"].image',
        '.spec.template.spec.containers[name="web"].name',
        '.spec.template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"]',
        '.spec.template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"].containerPort',
      ],
    });
  });

  it('conflicts with the owner of a field, in upstream\'s words', () => {
    const live = update(undefined, deployment({ replicas: 1 }), 'kubectl-client-side-apply');
    const error = refusal(() => apply(live, deployment({ replicas: 5 }), 'me'));
    expect(error.status).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "kubectl-client-side-apply" using apps/v1', field: '.spec.replicas' }] },
    });
  });

  it('lists several conflicts by manager', () => {
    const first = apply(undefined, deployment({ replicas: 1, paused: true }), 'a');
    const both = apply(first, deployment({ minReadySeconds: 3 }), 'b');
    const error = refusal(() => apply(both, deployment({ replicas: 2, paused: false, minReadySeconds: 4 }), 'c'));
    expect(error.message).toBe('Apply failed with 3 conflicts: conflicts with "a":\n- .spec.paused\n- .spec.replicas\nconflicts with "b":\n- .spec.minReadySeconds');
  });

  it('takes fields by force and shares equal ones', () => {
    const live = update(undefined, deployment({ replicas: 1, paused: true }), 'old');
    const forced = apply(live, deployment({ replicas: 5, paused: true }), 'me', { force: true });
    expect(forced['spec']).toEqual({ replicas: 5, paused: true });
    expect(owners(forced)).toEqual({ 'me/Apply': ['.spec.paused', '.spec.replicas'], 'old/Update': ['.spec.paused'] });
  });

  it('removes what is no longer applied unless others own it', () => {
    const first = apply(undefined, deployment({ replicas: 1, template: { spec: { containers: [web, { name: 'side', image: 'b' }] } } }, { labels: { a: '1', b: '2' } }), 'me');
    const shared = apply(first, deployment({}, { labels: { b: '2' } }), 'you');
    const second = apply(shared, deployment({ template: { spec: { containers: [web] } } }, { labels: {} }), 'me');
    expect(second['spec']).toMatchObject({ template: { spec: { containers: [web] } } });
    expect(second['spec']).not.toHaveProperty('replicas');
    expect(second.metadata?.labels).toEqual({ b: '2' });
    expect(owners(second)['you/Apply']).toContain('.metadata.labels.b');
  });

  it('changes times only when something changed', () => {
    const first = apply(undefined, deployment({ replicas: 1 }), 'me');
    const again = apply(first, deployment({ replicas: 1 }), 'me', { nowMs: noon + 3_600_000 });
    expect(again.metadata?.managedFields?.[0]?.time).toBe('2026-01-02T12:00:00Z');
    const changed = apply(first, deployment({ replicas: 2 }), 'me', { nowMs: noon + 3_600_000 });
    expect(changed.metadata?.managedFields?.[0]?.time).toBe('2026-01-02T13:00:00Z');
    const touched = { ...first, metadata: { ...first.metadata, managedFields: first.metadata?.managedFields?.map((entry) => ({ ...entry, time: 'later' })) } } as KubeObject;
    expect(keepUnchangedTimes(first, touched).metadata?.managedFields).toBe(first.metadata?.managedFields);
  });

  it('replaces atomic values whole', () => {
    const first = apply(undefined, deployment({ selector: { matchLabels: { a: '1' } } }), 'me');
    expect(owners(first)).toEqual({ 'me/Apply': ['.spec.selector'] });
    const second = apply(first, deployment({ selector: { matchLabels: { b: '1' } } }), 'me');
    expect((second['spec'] as Record<string, unknown>)['selector']).toEqual({ matchLabels: { b: '1' } });
  });

  it('gives what existed before to before-first-apply', () => {
    const live = deployment({ replicas: 1 }, { uid: 'u' });
    const applied = apply(live, deployment({ minReadySeconds: 1 }), 'me');
    expect(owners(applied)).toEqual({ 'me/Apply': ['.spec.minReadySeconds'], 'before-first-apply/Update': ['.spec.replicas'] });
  });

  it('lets kubectl take over what its last-applied annotation explains', () => {
    const config = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec: { replicas: 1 } };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(config) };
    const live = update(undefined, deployment({ replicas: 1 }, { annotations }), 'kubectl-client-side-apply');
    const applied = apply(live, deployment({ replicas: 3 }), 'kubectl');
    expect(applied['spec']).toEqual({ replicas: 3 });
    expect(JSON.parse(applied.metadata?.annotations?.['kubectl.kubernetes.io/last-applied-configuration'] ?? '{}')).toMatchObject({ spec: { replicas: 3 } });
    expect(refusal(() => apply(live, deployment({ replicas: 3 }), 'someone')).code).toBe(409);
  });

  it('treats objects without a schema field by field, lists whole', () => {
    const thing = (spec: unknown): KubeObject => ({ apiVersion: 'x.io/v1', kind: 'Thing', metadata: { name: 't' }, spec });
    const custom = (live: KubeObject | undefined, spec: unknown, manager: string): KubeObject =>
      serverSideApply({ live, applied: thing(spec), manager, force: false, nowMs: noon });
    const first = custom(undefined, { a: { b: 1 }, list: [1, 2] }, 'me');
    const second = custom(first, { a: { c: 2 } }, 'you');
    expect(second['spec']).toEqual({ a: { b: 1, c: 2 }, list: [1, 2] });
    expect(owners(second)['you/Apply']).toEqual(['.spec', '.spec.a', '.spec.a.c']);
    const third = custom(second, { a: {} }, 'me');
    expect(third['spec']).toEqual({ a: { c: 2 } });
  });

  it('orders list items as the configuration does', () => {
    const names = (object: KubeObject): string[] => (object['spec'] as { template: { spec: { containers: { name: string }[] } } }).template.spec.containers.map((c) => c.name);
    const withContainers = (...list: string[]): KubeObject => deployment({ template: { spec: { containers: list.map((name) => ({ name })) } } });
    const live = apply(undefined, withContainers('a', 'b', 'c'), 'one');
    expect(names(apply(live, withContainers('c', 'new', 'a'), 'two'))).toEqual(['b', 'c', 'new', 'a']);
  });

  it.each<[string, KubeObject, number, string]>([
    ['managedFields', deployment({}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
    ['another kind', { apiVersion: 'v1', kind: 'Pod' }, 400, 'invalid object type: /v1, Kind=Pod'],
    ['unknown fields', deployment({ foo: 1 }), 500, 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema'],
    ['wrong types', deployment({ replicas: 'x' }), 500, 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got string'],
    ['doubled keys', deployment({ template: { spec: { containers: [web, web] } } }), 500, 'failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="web"]'],
  ])('refuses %s', (_what, applied, code, message) => {
    const error = refusal(() => apply(undefined, applied, 'me', { apiVersion: 'apps/v1', kind: 'Deployment' }));
    expect([error.code, error.message]).toEqual([code, message]);
  });

  it('carries the owner of replicas through the scale subresource', () => {
    const map = { 'apps/v1': 'spec.replicas' };
    const live = apply(undefined, deployment({ replicas: 1, paused: true }), 'me');
    const scale = scaleEntries(live.metadata?.managedFields, map);
    expect(scale).toMatchObject([{ manager: 'me', apiVersion: 'autoscaling/v1', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }]);
    const taken = [{ manager: 'hpa', operation: 'Update', apiVersion: 'autoscaling/v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': { 'f:replicas': {} } }, subresource: 'scale' }];
    const parent = parentEntries(live.metadata?.managedFields, taken, 'apps/v1', map);
    expect(owners({ metadata: { managedFields: parent ?? [] } } as KubeObject)).toEqual({ 'me/Apply': ['.spec.paused'], 'hpa/Update/scale': ['.spec.replicas'] });
  });
});
