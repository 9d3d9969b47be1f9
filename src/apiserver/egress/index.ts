// Door of egress/: which connections leave this server through a proxy.
import type { Dial } from '#wire';

export { openEgressSelector, type EgressSelector } from './selector.ts';

/** What connections are opened with, by what lies at their end; absent: TCP. */
export interface Egress {
  /** Kubelets, pods, Services, extension API servers. */
  readonly cluster?: Dial;
  /** Webhooks that are named by URL, and those of the server's own configuration. */
  readonly controlPlane?: Dial;
}
