// The admission plugins that ask something outside the server, or run what users wrote, put together: policies, webhooks
// and the image policy, with what the admission configuration says about them.
import { isAbsolute } from 'node:path';
import type { World } from '#base/world.ts';
import { aggregateText, invalidValue } from '#machinery';
import { imagePolicyWebhook, parseImagePolicy } from '../admission/image-policy.ts';
import type { AdmissionPlugin, Authorizer } from '../contract.ts';
import { admissionPolicies } from '../policies/index.ts';
import { createWebhookMetrics } from './admission-metrics.ts';
import type { WebhookCaller } from './caller.ts';
import { credentialsFrom } from './credentials.ts';
import { mutatingHooks, validatingHooks, type CompileConditions } from './hooks.ts';
import { readKubeconfig } from './kubeconfig.ts';
import { reviewClient } from './kubeconfig-webhook.ts';
import type { MatchingPorts } from './matching.ts';
import { mutatingWebhooks } from './mutating.ts';
import { validatingWebhooks } from './validating.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the two plugins of dynamic webhooks call with: the same client, or each under an identity of its own. */
export interface HookCallers {
  readonly mutating: WebhookCaller;
  readonly validating: WebhookCaller;
}

/** MutatingAdmissionWebhook and ValidatingAdmissionWebhook, in this order. */
export function admissionWebhooks(world: World, matching: MatchingPorts, callers: WebhookCaller | HookCallers, compile: CompileConditions = failsClosed): AdmissionPlugin[] {
  const { mutating, validating } = 'post' in callers ? { mutating: callers, validating: callers } : callers;
  const metrics = createWebhookMetrics(world.metrics);
  return [
    mutatingWebhooks({ world, caller: mutating, metrics }, mutatingHooks(matching, compile)),
    validatingWebhooks({ world, caller: validating, metrics }, validatingHooks(matching, compile)),
  ];
}

/** Without a compiler nobody can tell whether conditions hold. */
const failsClosed: CompileConditions = () => ({ evaluate: () => ({ error: 'match conditions cannot be evaluated' }) });

const webhookKinds: Readonly<Record<string, string>> = { 'apiserver.config.k8s.io/v1': 'WebhookAdmissionConfiguration', 'apiserver.config.k8s.io/v1alpha1': 'WebhookAdmission' };

/** The identity that a plugin's part of the admission configuration names. Throws what is wrong with it. */
function callerFor(caller: WebhookCaller, plugin: string, config: Fields | undefined): WebhookCaller {
  if (config === undefined) return caller;
  const { apiVersion, kind, kubeConfigFile } = config;
  if (typeof apiVersion !== 'string' || webhookKinds[apiVersion] !== kind) throw new Error(`${plugin}: no kind ${JSON.stringify(kind ?? '')} is registered for version ${JSON.stringify(apiVersion ?? '')}`);
  if (typeof kubeConfigFile !== 'string' || kubeConfigFile === '') return caller;
  if (!isAbsolute(kubeConfigFile)) throw new Error(aggregateText([invalidValue('kubeConfigFile', kubeConfigFile, 'must be an absolute file path')]));
  return caller.as(credentialsFrom(readKubeconfig(kubeConfigFile)));
}

export interface OutsidePorts {
  readonly matching: MatchingPorts;
  readonly caller: WebhookCaller;
  readonly authorizer: Authorizer;
  /** The parts of the admission configuration, by plugin. */
  readonly configuration?: ReadonlyMap<string, Fields>;
  readonly isEnabled: (plugin: string) => boolean;
}

/** All of them; who is on, and in which order, is decided by name. Throws what is wrong with the configuration. */
export function outsidePlugins(world: World, { matching, caller, authorizer, configuration, isEnabled }: OutsidePorts): AdmissionPlugin[] {
  const policies = admissionPolicies(world, matching, authorizer);
  const own = (plugin: string): WebhookCaller => callerFor(caller, plugin, configuration?.get(plugin));
  const callers = { mutating: own('MutatingAdmissionWebhook'), validating: own('ValidatingAdmissionWebhook') };
  return [...policies.plugins, ...admissionWebhooks(world, matching, callers, policies.compileConditions), ...(isEnabled('ImagePolicyWebhook') ? [imagePolicy(world, configuration)] : [])];
}

function imagePolicy(world: World, configuration: OutsidePorts['configuration']): AdmissionPlugin {
  const { kubeConfigFile, settings } = parseImagePolicy(configuration?.get('ImagePolicyWebhook'));
  return imagePolicyWebhook(world, reviewClient(world, kubeConfigFile), settings);
}
