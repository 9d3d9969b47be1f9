// The ValidatingAdmissionWebhook plugin: all webhooks that a request concerns are asked at once; the first refusal
// to arrive is told, the others are only counted.
import type { ValidatingWebhook } from '#api/admissionregistration/v1.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../contract.ts';
import { ask, checkTime, CallingWebhookError, failed, heed, invocationOf, succeeded, type CallingPorts, type Invocation } from './calling.ts';
import type { HookSource } from './hooks.ts';
import { isExempt } from './matching.ts';

const failedOpenPrefix = 'failed-open.validating.webhook.admission.k8s.io/';

export function validatingWebhooks(ports: CallingPorts, source: HookSource<ValidatingWebhook>): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    handles: (_operation, resource) => !isExempt(resource),
    active: () => source.hooks().length > 0,
    async validate(request) {
      const invocations: Invocation<ValidatingWebhook>[] = [];
      for (const hook of source.hooks()) {
        const invocation = await invocationOf(ports, hook, request, 'validating');
        if (invocation !== undefined) invocations.push(invocation);
      }
      if (invocations.length === 0) return;
      checkTime(ports, request);
      const refusals: Error[] = [];
      await Promise.all(invocations.map(async (invocation, index) => {
        const refusal = await callHook(ports, invocation, request, index);
        if (refusal !== undefined) refusals.push(refusal);
      }));
      if (refusals[0] !== undefined) throw refusals[0];
      checkTime(ports, request);
    },
  };
}

async function callHook(ports: CallingPorts, invocation: Invocation<ValidatingWebhook>, request: AdmissionRequest, index: number): Promise<Error | undefined> {
  const { webhook } = invocation.hook;
  const outcome = { webhook, operation: request.operation, startedAt: ports.world.clock.monotonic(), type: 'validating' };
  try {
    heed(webhook.name, await ask(ports, invocation, request, false), request);
    succeeded(ports, outcome);
    return undefined;
  } catch (error) {
    const refusal = failed(ports, outcome, error);
    if (refusal === undefined && error instanceof CallingWebhookError && !error.canceled) request.annotate(`${failedOpenPrefix}round_0_index_${index}`, webhook.name);
    return refusal;
  }
}
