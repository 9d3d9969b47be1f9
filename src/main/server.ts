// `skiff server`: the API server of this machine's cluster in the foreground, with kube-apiserver's flags; `--config` names
// another cluster's file. Bad flags end it with exit code 1 and every mistake told.
import { errorText } from '#base/errors.ts';
import { clusterFile, defaultPaths, UserError } from '#cli';
import { apiserverFlags } from './apiserver-flags.ts';
import { flagHelp, parseFlags } from './flag-parse.ts';
import { securityFlagErrors } from './apiserver-security.ts';
import { clusterFlags, extraFlags } from './apiserver-cluster-flags.ts';
import { readClusterConfig } from './cluster-config.ts';

function takeConfig(args: readonly string[]): { path: string; rest: string[] } {
  const at = args.findIndex((arg) => arg === '--config' || arg.startsWith('--config='));
  if (at < 0) return { path: clusterFile(defaultPaths), rest: [...args] };
  const arg = args[at] ?? '';
  const separate = arg === '--config';
  return { path: separate ? (args[at + 1] ?? '') : arg.slice('--config='.length), rest: args.filter((_, index) => index !== at && !(separate && index === at + 1)) };
}

/** Runs until a signal. @param args what follows `server`. */
export async function serverCommand(args: readonly string[]): Promise<void> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(`Usage: skiff server [--config <cluster.json>] [flags]\n\n${flagHelp(apiserverFlags)}`);
    return;
  }
  const { path, rest } = takeConfig(args);
  try {
    const config = readClusterConfig(path);
    const errors = securityFlagErrors(parseFlags(apiserverFlags, clusterFlags(config), extraFlags(config), rest));
    if (errors.length > 0) throw new UserError(errors.length === 1 ? (errors[0] ?? '') : `[${errors.join(', ')}]`, 'skiff server --help lists all flags');
  } catch (error) {
    console.error(`Error: ${errorText(error)}`);
    process.exitCode = 1;
    return;
  }
  await (await import('./apiserver.ts')).runApiServer(path, rest);
}
