// The object as every part of machinery handles it: the wire's plain JSON.
import type { ObjectMeta } from '#api/meta/v1.ts';

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  [field: string]: unknown;
}
