// The two webhook plugins of admission, put together.
import type { World } from '#base/world.ts';
import type { AdmissionPlugin } from '../contract.ts';
import { createWebhookMetrics } from './admission-metrics.ts';
import type { WebhookCaller } from './caller.ts';
import { mutatingHooks, validatingHooks, type CompileConditions } from './hooks.ts';
import type { MatchingPorts } from './matching.ts';
import { mutatingWebhooks } from './mutating.ts';
import { validatingWebhooks } from './validating.ts';

/** MutatingAdmissionWebhook and ValidatingAdmissionWebhook, in this order. */
export function admissionWebhooks(world: World, matching: MatchingPorts, caller: WebhookCaller, compile: CompileConditions = failsClosed): AdmissionPlugin[] {
  const ports = { world, caller, metrics: createWebhookMetrics(world.metrics) };
  return [mutatingWebhooks(ports, mutatingHooks(matching, compile)), validatingWebhooks(ports, validatingHooks(matching, compile))];
}

/** Without a compiler nobody can tell whether conditions hold. */
const failsClosed: CompileConditions = () => ({ evaluate: () => ({ error: 'match conditions cannot be evaluated' }) });
