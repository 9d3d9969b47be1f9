// Strategies of certificates.k8s.io: who asks for a certificate is who sends the request; decisions on it are made through
// /approval, certificates written through /status. Pods' requests and trust bundles are off unless --runtime-config asks.
import type { CertificateSigningRequest } from '#api/certificates/v1.ts';
import type { PodCertificateRequest } from '#api/certificates/v1beta1.ts';
import { rfc3339 } from '#base/clock.ts';
import { podCertificateStatusErrors } from '#machinery';
import type { Stored, Strategy, WriteContext } from '../registry/strategy.ts';
import { countSigned } from './signing-counts.ts';
import { assignField, define, keepSpecAndMetadata, selectable, withStatus } from './strategy-table.ts';

function stampConditions(object: Stored, before: Stored, context: WriteContext): void {
  const status = (object as Stored<CertificateSigningRequest>).status;
  const times = new Map<string, string | undefined>();
  for (const { type, status: value, lastTransitionTime } of (before as Stored<CertificateSigningRequest>).status?.conditions ?? []) {
    const key = JSON.stringify([type, value]);
    if (!times.has(key)) times.set(key, lastTransitionTime);
  }
  const now = rfc3339(context.nowMs);
  for (const condition of status?.conditions ?? []) {
    condition.lastUpdateTime ??= now;
    condition.lastTransitionTime ??= times.get(JSON.stringify([condition.type, condition.status])) ?? now;
  }
}

/**
 * Approved and Denied can only be set through /approval: elsewhere they stay as they were, each in its new place. A
 * write that has more or fewer of them keeps its own, which validation refuses.
 */
function keepDecision(object: Stored, before: Stored): void {
  const conditions = (object as Stored<CertificateSigningRequest>).status?.conditions ?? [];
  const old = (before as Stored<CertificateSigningRequest>).status?.conditions ?? [];
  for (const type of ['Approved', 'Denied']) {
    const kept = old.filter((condition) => condition.type === type);
    const places = [...conditions.keys()].filter((at) => conditions[at]?.type === type);
    if (places.length !== kept.length) continue;
    for (const [number, at] of places.entries()) {
      const condition = kept[number];
      if (condition !== undefined) conditions[at] = { ...condition };
    }
  }
}

const certificateSigningRequests = define(selectable(['spec.signerName']), {
  prepareCreate(object, context) {
    const csr = object as Stored<CertificateSigningRequest>;
    const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...spec } = csr.spec;
    const { user } = context;
    csr.spec = {
      ...spec,
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: [...user.groups],
      ...(user.extra === undefined ? {} : { extra: Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]])) }),
    };
    object.status = {};
  },
  prepareUpdate(object, old) {
    assignField(object, 'spec', old.spec);
    assignField(object, 'status', old.status);
  },
  subresources: {
    status: {
      prepare(object, old, context) {
        assignField(object, 'spec', old.spec);
        keepDecision(object, old);
        stampConditions(object, old, context);
      },
      written: countSigned,
    },
    approval: {
      prepare(object, old, context) {
        stampConditions(object, old, context);
        const conditions = (object as Stored<CertificateSigningRequest>).status?.conditions;
        assignField(object, 'spec', old.spec);
        object.status = { ...(old as Stored<CertificateSigningRequest>).status, ...(conditions === undefined ? {} : { conditions }) };
      },
    },
  },
});

const clusterTrustBundles = define(selectable(['spec.signerName']), { unconditionalUpdate: false });

const podCertificateRequests = define(withStatus, selectable(['spec.signerName', 'spec.podName', 'spec.nodeName']), {
  unconditionalUpdate: false,
  subresources: {
    status: {
      ...keepSpecAndMetadata,
      validate: (object, old, { nowMs }) => podCertificateStatusErrors(object as Stored<PodCertificateRequest>, old as Stored<PodCertificateRequest>, nowMs),
    },
  },
});

/** By plural. */
export const certificates: Readonly<Record<string, Strategy>> = {
  certificatesigningrequests: certificateSigningRequests,
  clustertrustbundles: clusterTrustBundles,
  podcertificaterequests: podCertificateRequests,
};
