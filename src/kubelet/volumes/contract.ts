// What a volume plugin is: it makes a volume of a pod ready on the host, again and again (set-up is
// idempotent and refreshes content), and says where it is. Taking down is the same for all and lives in
// pod-volumes.ts. One file per plugin, listed in pod-volumes.ts.
import type { Pod, Volume } from '#api/core/v1.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { Client } from '#client';
import type { ReferenceReader } from '../container/environment.ts';
import type { FieldContext } from '../container/field-values.ts';
import type { NodeHost } from '../host.ts';

export interface TokenSource {
  /** A token of the pod's service account bound to the pod; renewed before it ends. */
  token(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<string>;
}

export interface VolumeContext {
  readonly pod: Pod;
  /** <root>/pods/<uid> */
  readonly podDir: string;
  readonly host: NodeHost;
  readonly client: Client;
  readonly reader: ReferenceReader;
  readonly tokens: TokenSource;
  readonly fields: FieldContext;
  readonly clock: Clock;
  readonly random: Random;
  readonly nodeName: string;
}

export interface MountedVolume {
  /** On the host; what containers get. */
  readonly path: string;
  readonly readOnly?: boolean;
  /** An OCI image instead of a path. */
  readonly image?: { readonly reference: string; readonly pullPolicy: string };
}

export interface VolumePlugin {
  /** "kubernetes.io/configmap" */
  readonly name: string;
  handles(volume: Volume): boolean;
  /** Rejects with upstream's text; it is told as `MountVolume.SetUp failed for volume "x" : text`. */
  setUp(context: VolumeContext, volume: Volume): Promise<MountedVolume>;
}

/** <podDir>/volumes/kubernetes.io~configmap/<name> */
export const volumeDirectory = (context: VolumeContext, plugin: string, volumeName: string): string => `${context.podDir}/volumes/${plugin.replace('/', '~')}/${volumeName}`;
