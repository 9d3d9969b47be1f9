// The controllers' program: the controller manager and the scheduler in one process, each under its own identity.
// With an embedded store there is one such process by construction; on etcd they stand for election.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorText } from '#base/errors.ts';
import { realWorld, type World } from '#base/world.ts';
import { createClient, createInformerFactory } from '#client';
import { kubeconfigFile, pkiFile, transportFor, type ClusterConfig } from '#cli';
import { programName, startControllers } from '#controllers';
import { defaultSchedulerConfig, startScheduler } from '#scheduler';
import { httpTransport, serveHttp } from '#wire';
import { followAuthority } from './cluster-authority.ts';
import { readClusterConfig } from './cluster-config.ts';
import { runProgram, type Running } from './process.ts';
import { serviceAccountClients } from './service-account-clients.ts';

async function startAll(world: World, config: ClusterConfig, signal: AbortSignal): Promise<Running> {
  const authority = followAuthority(world, config.paths, signal, { withKey: true });
  const own = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'controllers')), { userAgent: 'kube-controller-manager/v1.36.0 skiff' });
  const plain = httpTransport({ url: `https://127.0.0.1:${config.apiPort}`, clock: world.clock, ca: authority.rootCa });
  const asAccount = serviceAccountClients(world, own, plain);
  const controllers = startControllers(world, (name) => (name === programName ? own : asAccount(name)), {
    // As kubeadm has it: joining nodes need both.
    controllers: ['*', 'bootstrapsigner', 'tokencleaner'],
    leaderElect: config.store !== 'embedded',
    identity: `${hostname()}_${process.pid}`,
    authority,
    serviceAccountKey: readFileSync(pkiFile(config.paths, 'sa.key'), 'utf8'),
    clusterCidr: config.podCidr,
    namespaceDeletionGraceMs: config.store === 'embedded' ? 0 : 5000,
  });
  const schedulerClient = createClient(world, await transportFor(world, kubeconfigFile(config.paths, 'scheduler')), { userAgent: 'kube-scheduler/v1.36.0 skiff' });
  const factory = createInformerFactory(world, schedulerClient);
  const scheduler = startScheduler(world, defaultSchedulerConfig, schedulerClient, factory, signal);
  void factory.start(signal).catch((error: unknown) => {
    if (!signal.aborted) world.log.error('scheduler informers ended', { error: errorText(error) });
  });
  const health = await serveHttp(world, {
    host: '127.0.0.1',
    port: 10_259,
    handler: async (exchange) => {
      if (exchange.url === '/metrics') return exchange.send(200, { 'content-type': 'text/plain; version=0.0.4' }, await world.metrics.text());
      exchange.send(200, { 'content-type': 'text/plain' }, 'ok');
    },
  });
  return {
    async close() {
      await Promise.allSettled([controllers.close(), scheduler.close(), health.close({ graceMs: 0 })]);
      await Promise.allSettled([own.close(), plain.close(), schedulerClient.close()]);
    },
  };
}

/** Runs until a signal. */
export async function runControllers(configPath: string): Promise<void> {
  const config = readClusterConfig(configPath);
  const world = realWorld('controllers', config.logLevel);
  await runProgram(world, (signal) => startAll(world, config, signal));
}
