// Creating and deleting pods on behalf of a workload, with the events that users see for it.
import type { Pod, PodTemplateSpec } from '#api/core/v1.ts';
import type { OwnerReference } from '#api/meta/v1.ts';
import { errorText, wrap } from '#base/errors.ts';
import type { ApiObject, Client, EventRecorder } from '#client';
import { isNotFound } from '#machinery';
import { isNamespaceTerminating } from './namespace-terminating.ts';
import { podFromTemplate } from './pod-template.ts';

export interface PodWriter {
  /** Creates a pod; `change` may complete it before it is sent. */
  create(owner: ApiObject, template: PodTemplateSpec, reference: OwnerReference, change?: (pod: Pod) => void): Promise<Pod>;
  /** Rejects with NotFound unchanged when the pod is gone. */
  delete(owner: ApiObject, pod: Pod): Promise<void>;
}

export function createPodWriter(client: Client, recorder: EventRecorder): PodWriter {
  const pods = client.resource<Pod>('pods');
  return {
    async create(owner, template, reference, change) {
      const pod = podFromTemplate(template, owner, reference);
      change?.(pod);
      try {
        const created = await pods.create(pod);
        recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata?.name ?? ''}`);
        return created;
      } catch (error) {
        if (!isNamespaceTerminating(error)) recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${errorText(error)}`);
        throw error;
      }
    },
    async delete(owner, pod) {
      try {
        await pods.in(pod.metadata?.namespace ?? '').delete(pod.metadata?.name ?? '');
      } catch (error) {
        if (isNotFound(error)) throw error;
        recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${errorText(error)}`);
        throw wrap('unable to delete pods', error);
      }
      recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata?.name ?? ''}`);
    },
  };
}
