// Reading cluster.json, the file that `skiff up` writes and every program of the cluster is started with.
import { readFileSync } from 'node:fs';
import { wrap } from '#base/errors.ts';
import type { ClusterConfig } from '#cli';

export function readClusterConfig(path: string): ClusterConfig {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ClusterConfig;
  } catch (error) {
    throw wrap(`cannot read ${path}`, error);
  }
}
