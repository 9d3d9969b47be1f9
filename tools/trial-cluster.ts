// A cluster's configuration and certificates in a folder of its own, for an API server that is started to be measured
// or to be compiled: nothing of the machine's own cluster is touched.
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { World } from '../src/base/world.ts';
import type { ClusterConfig } from '../src/cli/index.ts';
import { saveCluster } from '../src/cli/paths.ts';
import { ensurePki } from '../src/cli/pki.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export async function trialCluster(world: World, directory: string): Promise<{ readonly config: ClusterConfig; readonly file: string; readonly pki: ReturnType<typeof ensurePki> }> {
  const config: ClusterConfig = {
    name: 'trial', paths: { state: join(directory, 'state'), run: join(directory, 'run'), log: join(directory, 'log') }, nodeName: 'trial', nodeIp: '192.0.2.1', bindAddress: '127.0.0.1',
    apiPort: await freePort(), kubeletPort: 0, podCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/16', clusterDns: '10.96.0.10', clusterDomain: 'cluster.local', nodePortRange: '30000-32767',
    store: 'embedded', logLevel: 'error',
  };
  saveCluster(config);
  return { config, file: join(config.paths.state, 'cluster.json'), pki: ensurePki(world.clock, world.random, config) };
}
