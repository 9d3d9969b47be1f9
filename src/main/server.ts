// `skiff server`: an API server in the foreground, with kube-apiserver's flags. With `--config`, or on a machine with a
// cluster of `skiff up`, it is that cluster's; where --data-dir, --etcd-servers or --cert-dir say where its things are, or
// there is no cluster, the flags say everything. Bad flags end it with exit code 1 and every mistake told.
import { existsSync } from 'node:fs';
import { errorText } from '#base/errors.ts';
import { clusterFile, defaultPaths, UserError } from '#cli';
import { apiserverFlags, type ApiserverFlags } from './apiserver-flags.ts';
import { fixedFlagErrors } from './apiserver-fixed-flags.ts';
import { flagHelp, parseFlags } from './flag-parse.ts';
import { securityFlagErrors } from './apiserver-security.ts';
import { clusterFlags, extraFlags } from './apiserver-cluster-flags.ts';
import { readClusterConfig } from './cluster-config.ts';
import { metricFlagErrors } from './metric-flags.ts';
import { rangeFlagErrors, servingFlagErrors } from './serving.ts';
import { versionInfo } from './version.ts';

function takeConfig(args: readonly string[]): { path: string | undefined; rest: string[] } {
  const at = args.findIndex((arg) => arg === '--config' || arg.startsWith('--config='));
  if (at < 0) return { path: undefined, rest: [...args] };
  const arg = args[at] ?? '';
  const separate = arg === '--config';
  return { path: separate ? (args[at + 1] ?? '') : arg.slice('--config='.length), rest: args.filter((_, index) => index !== at && !(separate && index === at + 1)) };
}

/** Everything that is wrong with the flags together. */
export function serverFlagErrors(flags: ApiserverFlags): string[] {
  const reload = flags.get('encryption-provider-config-automatic-reload') && flags.get('encryption-provider-config') === '';
  return [...(reload ? ['--encryption-provider-config-automatic-reload must be set with --encryption-provider-config'] : []), ...servingFlagErrors(flags), ...securityFlagErrors(flags), ...rangeFlagErrors(flags), ...metricFlagErrors(flags), ...fixedFlagErrors(flags)];
}

function requireGood(flags: ApiserverFlags): void {
  const errors = serverFlagErrors(flags);
  if (errors.length > 0) throw new UserError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`, 'skiff server --help lists all flags');
}

/** The cluster that the server is part of; undefined when the flags say everything. */
function clusterPath(given: string | undefined, rest: readonly string[]): string | undefined {
  if (given !== undefined) return given;
  const alone = parseFlags(apiserverFlags, rest);
  if (alone.given('data-dir') || alone.given('etcd-servers') || alone.given('cert-dir')) return undefined;
  const own = clusterFile(defaultPaths);
  return existsSync(own) ? own : undefined;
}

/** Runs until a signal. @param args what follows `server`. */
export async function serverCommand(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(`Usage: skiff server [--config <cluster.json>] [flags]\n\n${flagHelp(apiserverFlags)}`);
    return;
  }
  if (args.includes('--version') || args.includes('--version=true')) {
    console.log(`Kubernetes ${versionInfo.gitVersion}`);
    return;
  }
  const { path: given, rest } = takeConfig(args);
  try {
    const path = clusterPath(given, rest);
    const config = path === undefined ? undefined : readClusterConfig(path);
    const flags = config === undefined ? parseFlags(apiserverFlags, rest) : parseFlags(apiserverFlags, clusterFlags(config, rest), extraFlags(config), rest);
    requireGood(flags);
    const { runApiServer, runApiServerAlone } = await import('./apiserver.ts');
    await (path === undefined ? runApiServerAlone(flags) : runApiServer(path, rest));
  } catch (error) {
    console.error(`Error: ${errorText(error)}`);
    process.exitCode = 1;
  }
}
