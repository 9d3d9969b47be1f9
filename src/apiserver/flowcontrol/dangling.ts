// The condition Dangling of every FlowSchema: does the priority level that it names exist? Applied by this server
// under a manager's name of its own; not more than six times a minute to one object, in case servers disagree.
import type { FlowSchema, FlowSchemaCondition } from '#api/flowcontrol/v1.ts';
import { rfc3339, type Clock } from '#base/clock.ts';
import { isNotFound } from '#machinery';
import { flowControlGroup } from './bootstrap-objects.ts';

export const consumerName = 'api-priority-and-fairness-config-consumer-v1';

const mostPerMinute = 6;

/** Sends a status as server-side apply. Rejects with the API's error. */
export type ApplyStatus = (name: string, object: unknown) => Promise<void>;

/** The condition that the schema should have; undefined when it has it. */
export function wantedCondition(schema: FlowSchema, exists: boolean, nowMs: number): FlowSchemaCondition | undefined {
  const level = schema.spec?.priorityLevelConfiguration.name ?? '';
  const subject = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`;
  const [status, reason, message] = exists ? ['False', 'Found', `${subject} and it exists`] : ['True', 'NotFound', `${subject} but there is no such object`];
  const current = schema.status?.conditions?.find(({ type }) => type === 'Dangling');
  if (current?.status === status && current.reason === reason && current.message === message) return undefined;
  return { type: 'Dangling', status, reason, message, lastTransitionTime: rfc3339(nowMs) };
}

export interface StatusKeeper {
  /** Brings the conditions up to date. Resolves to how long to wait before it is worth trying again; 0: all is well. */
  keep(schemas: readonly FlowSchema[], exists: (level: string) => boolean): Promise<number>;
}

export function createStatusKeeper(clock: Clock, apply: ApplyStatus): StatusKeeper {
  let recent: { readonly name: string; readonly atMs: number }[] = [];
  return {
    async keep(schemas, exists) {
      const now = clock.now();
      recent = recent.filter(({ atMs }) => now - atMs < 60_000);
      let again = 0;
      const updates: Promise<void>[] = [];
      for (const schema of schemas) {
        const name = schema.metadata?.name ?? '';
        const condition = wantedCondition(schema, exists(schema.spec?.priorityLevelConfiguration.name ?? ''), now);
        if (condition === undefined) continue;
        if (recent.filter((update) => update.name === name).length >= mostPerMinute) {
          again = 45_000;
          continue;
        }
        recent.push({ name, atMs: now });
        updates.push(apply(name, { apiVersion: `${flowControlGroup}/v1`, kind: 'FlowSchema', metadata: { name }, status: { conditions: [condition] } }));
      }
      const failures = (await Promise.allSettled(updates)).filter((result) => result.status === 'rejected' && !isNotFound(result.reason));
      const [failure] = failures;
      if (failure?.status === 'rejected') throw failure.reason;
      return again;
    },
  };
}
