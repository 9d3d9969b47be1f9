// The row of authorizers that flags or an AuthorizationConfiguration ask for. A changed file is in force within seconds;
// webhooks of the old row lose their connections once the questions that they were asked are answered.
import type { AuthorizationConfiguration } from '#api/apiserver/v1.ts';
import type { World } from '#base/world.ts';
import type { Verdict } from '../contract.ts';
import type { Dial } from '#wire';
import { decodeConfiguration } from '../configuration/decode-file.ts';
import { watchConfiguration } from '../configuration/watched-file.ts';
import { reviewClient } from '../webhooks/index.ts';
import { compileAuthorization, type ConfiguredAuthorizer } from './configuration.ts';
import { countedAuthorizer } from './decisions.ts';
import type { RuleSource } from './rules.ts';
import { createWebhookAuthorizer, type ReviewCaller, type WebhookAuthorizerSettings } from './webhook.ts';

/** By type; what is absent cannot be configured. */
export type OwnAuthorizers = Readonly<Record<string, RuleSource | undefined>>;

export interface RowSettings {
  /** --authorization-mode. */
  readonly modes: readonly string[];
  /** --authorization-webhook-*. */
  readonly webhook?: { readonly kubeconfig: string; readonly settings: WebhookAuthorizerSettings };
  /** --authorization-config: instead of the modes. */
  readonly file?: string;
  readonly serverId?: string;
  /** Opens the connections of webhooks. */
  readonly dial?: Dial;
}

interface Row {
  readonly authorizers: readonly RuleSource[];
  /** No further question will come. */
  retire(): void;
}

/** Authorizers that a file can only name if it did from the start. */
const startedOnly = ['Node', 'RBAC', 'ABAC'];

/** Closes the webhook's connections when it is retired and nobody waits for an answer. */
function retiring(source: RuleSource, close: () => void): RuleSource & { retire(): void } {
  let asked = 0;
  let retired = false;
  return {
    name: source.name,
    knownRules: (user, namespace) => source.knownRules(user, namespace),
    async authorize(attributes): Promise<Verdict> {
      asked++;
      try {
        return await source.authorize(attributes);
      } finally {
        asked--;
        if (retired && asked === 0) close();
      }
    },
    retire() {
      retired = true;
      if (asked === 0) close();
    },
  };
}

function webhook(world: World, dial: Dial | undefined, kubeconfig: string, settings: WebhookAuthorizerSettings, timeoutMs?: number): RuleSource & { retire(): void } {
  const client = reviewClient(world, kubeconfig, dial);
  const post: ReviewCaller['post'] = (review, call) => client.post(review, { ...call, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  return retiring(createWebhookAuthorizer(world, { post, isTransient: client.isTransient }, settings), () => void client.close());
}

function rowOf(world: World, dial: Dial | undefined, own: OwnAuthorizers, configured: readonly ConfiguredAuthorizer[]): Row {
  const hooks: { retire(): void }[] = [];
  const authorizers = configured.map(({ type, name, webhook: hook }) => {
    const known = own[type];
    if (hook === undefined && known === undefined) throw new Error(`authorizer type ${type} is not allowed if it was not enabled at initial server startup`);
    if (hook === undefined) return countedAuthorizer(world.metrics, type, name, known as RuleSource);
    if (hook.kubeconfig === undefined) throw new Error('a webhook of type InClusterConfig has no cluster to be in');
    const made = webhook(world, dial, hook.kubeconfig, hook.settings, hook.timeoutMs);
    hooks.push(made);
    return countedAuthorizer(world.metrics, type, name, made);
  });
  return { authorizers, retire: () => hooks.forEach((hook) => hook.retire()) };
}

/** The row, to be asked for anew with every request. Everything ends with `signal`. Throws an Error for a bad file. */
export function authorizerRow(world: World, settings: RowSettings, own: OwnAuthorizers, signal: AbortSignal): () => readonly RuleSource[] {
  if (settings.file === undefined) {
    const hook = settings.webhook === undefined ? undefined : webhook(world, settings.dial, settings.webhook.kubeconfig, settings.webhook.settings);
    signal.addEventListener('abort', () => hook?.retire(), { once: true });
    const row = settings.modes.flatMap((type) => {
      const known = type === 'Webhook' ? hook : own[type];
      return known === undefined ? [] : [countedAuthorizer(world.metrics, type, type === 'Webhook' ? 'default' : type.toLowerCase(), known)];
    });
    return () => row;
  }
  let started: readonly string[] | undefined;
  const file = watchConfiguration<Row>(world, { path: settings.file, name: 'authorization', serverId: settings.serverId }, signal, {
    load(text) {
      const configured = compileAuthorization(decodeConfiguration(text, 'AuthorizationConfiguration', ['v1', 'v1beta1', 'v1alpha1']) as AuthorizationConfiguration);
      started ??= configured.map(({ type }) => type);
      const allowed = Object.fromEntries(Object.entries(own).filter(([type]) => !startedOnly.includes(type) || started?.includes(type) === true));
      return rowOf(world, settings.dial, allowed, configured);
    },
    changed: (old) => old.retire(),
  });
  signal.addEventListener('abort', () => file.current.retire(), { once: true });
  return () => file.current.authorizers;
}
