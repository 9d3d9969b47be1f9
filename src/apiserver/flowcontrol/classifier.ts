// From a request to its flow. What a user's request of one kind belongs to is remembered, so that in the common case
// classification is two look-ups; a new configuration forgets everything, and so does a full memory.
import type { Identity, RequestInfo } from '../contract.ts';
import type { Configuration } from './configuration.ts';
import type { Flow, SchemaInUse } from './flow.ts';
import { matchesSchema } from './matching.ts';
import { dealHand, hashFlow } from './shuffle-sharding.ts';

const mostUsers = 4096;
const mostKinds = 512;
const mostFlows = 4096;

export interface Classifier {
  classify(user: Identity, info: RequestInfo): Flow;
  /** There is a new configuration. */
  forget(): void;
}

/** What is known of one user: for each kind of request its schema, or its flow when that is the same for all of them. */
interface Known {
  readonly groups: readonly string[];
  readonly kinds: Map<string, SchemaInUse | Flow>;
}

const noHand: readonly number[] = [];

function flowOf(schema: SchemaInUse, distinguisher: string): Flow {
  const known = schema.flows.get(distinguisher);
  if (known !== undefined) return known;
  const { queues, handSize } = schema.level.queuing;
  const hand = queues > 0 ? dealHand(hashFlow(schema.name, queues > 1 ? distinguisher : ''), queues, handSize) : noHand;
  const flow = { schema, distinguisher: queues > 1 ? distinguisher : '', hand, tally: schema.tally };
  if (schema.flows.size >= mostFlows) schema.flows.clear();
  schema.flows.set(distinguisher, flow);
  return flow;
}

function sameGroups(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((group, i) => group === b[i]);
}

export function createClassifier(configuration: Configuration): Classifier {
  const users = new Map<string, Known>();
  const knownOf = (user: Identity): Known => {
    const known = users.get(user.name);
    if (known !== undefined && sameGroups(known.groups, user.groups)) return known;
    if (users.size >= mostUsers) users.clear();
    const fresh = { groups: user.groups, kinds: new Map<string, SchemaInUse | Flow>() };
    users.set(user.name, fresh);
    return fresh;
  };
  const kindOf = (info: RequestInfo): string => {
    if (!info.isResourceRequest) return `${info.verb} ${info.path}`;
    const place = configuration.byNamespace ? info.namespace : info.namespace === '' ? '' : '*';
    return `${info.verb}:${info.apiGroup}:${info.resource}:${info.subresource}:${place}`;
  };
  return {
    classify(user, info) {
      const { kinds } = knownOf(user);
      const kind = kindOf(info);
      const known = kinds.get(kind);
      if (known !== undefined) return 'hand' in known ? known : flowOf(known, info.namespace);
      const schema = configuration.schemas.find(({ object }) => matchesSchema(object, user, info)) ?? configuration.catchAll;
      const flow = flowOf(schema, schema.distinguisher === 'ByUser' ? user.name : schema.distinguisher === 'ByNamespace' ? info.namespace : '');
      if (kinds.size >= mostKinds) kinds.clear();
      kinds.set(kind, schema.distinguisher === 'ByNamespace' ? schema : flow);
      return flow;
    },
    forget() {
      users.clear();
    },
  };
}
