// The skiff command line. Subcommands load their work when they are asked for, so that each start pays for what it uses.
import { Command } from 'commander';
import { errorText } from '#base/errors.ts';
import { realWorld } from '#base/world.ts';

/** Runs a command's work; errors become one message with the next step, exit code 1. */
async function perform(work: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await work()) ?? 0;
  } catch (error) {
    const next = (error as { next?: unknown }).next;
    console.error(`\nskiff: ${errorText(error)}`);
    if (typeof next === 'string') console.error(`       ${next}`);
    process.exitCode = 1;
  }
}

interface UpFlags {
  readonly example?: boolean;
  readonly store?: string;
  readonly offline?: boolean;
  readonly filename: readonly string[];
  readonly name: string;
  readonly nodeIp?: string;
  readonly logLevel: string;
  readonly audit?: string;
  readonly etcdListen?: string;
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

/** @param root the project's root. @param commandLine as process.argv. */
export async function runCommand(root: string, commandLine: readonly string[]): Promise<void> {
  const program = new Command('skiff').description('Kubernetes v1.36 in one command').version('0.1.0').showHelpAfterError();

  program
    .command('up')
    .description('start the cluster of this machine; ends when it has answered')
    .option('--example', 'run the bundled example and print its answers')
    .option('--store <location>', 'embedded, or etcd://host:port[,host:port…]')
    .option('--offline', 'never reach for the network; list what is missing first')
    .option('-f, --filename <path>', 'apply this file or folder once the cluster is ready (repeatable)', collect, [])
    .option('--name <name>', 'name of the cluster and its kubeconfig context', 'skiff')
    .option('--node-ip <address>', 'address that other machines reach this one by')
    .option('--etcd-listen <address>', "answer etcd's API from the embedded store at host:port or unix:/path, for etcdctl; off ends that")
    .option('--audit <policy>', 'record requests to the API: default, the path of an audit policy, or off')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .action((flags: UpFlags) => perform(async () => (await import('./up.ts')).upCommand(root, { ...flags, example: flags.example === true, offline: flags.offline === true })));

  program
    .command('down')
    .description('stop it; nothing is left running, objects are kept')
    .option('--purge', 'also forget objects, images and certificates')
    .action((flags: { purge?: boolean }) => perform(async () => (await import('./down.ts')).downCommand(flags.purge === true)));

  program
    .command('status')
    .description('what runs, how large it is, what is unhealthy')
    .action(() => perform(async () => ((await (await import('#cli')).status(realWorld('skiff', 'warn'), (line) => console.log(line))) ? 0 : 1)));

  const secrets = program.command('secrets').description('how Secrets are encrypted in the store');
  secrets
    .command('rotate-key')
    .description('encrypt all Secrets with a new key; goes on where an interrupted run stopped')
    .action(() => perform(async () => (await import('#cli')).secretsRotateKey(realWorld('skiff', 'warn'), (line) => console.log(line))));
  secrets
    .command('reencrypt')
    .description('write every Secret once, so that all are stored as the encryption configuration says')
    .action(() => perform(async () => (await import('#cli')).secretsReencrypt(realWorld('skiff', 'warn'), (line) => console.log(line))));

  const certs = program.command('certs').description("the cluster's certificates");
  certs
    .command('check')
    .description('how long each is good')
    .action(() => perform(async () => (await import('#cli')).certsCheck(realWorld('skiff', 'warn'), (line) => console.log(line))));
  certs
    .command('renew')
    .description('issue all anew; the running programs take them over')
    .action(() => perform(async () => (await import('#cli')).certsRenew(realWorld('skiff', 'warn'), process.env, (line) => console.log(line))));

  certs
    .command('rotate-ca')
    .description("replace the cluster's authority while everything goes on; goes on where an interrupted run stopped")
    .option('--finish', 'drop the old authority even if something may still need it')
    .option('--config <path>', "another cluster's cluster.json")
    .action((flags: { finish?: boolean; config?: string }) =>
      perform(async () => (await import('#cli')).certsRotateCa(realWorld('skiff', 'warn'), process.env, { ...flags, finish: flags.finish === true }, (line) => console.log(line))),
    );

  program.command('server').description("run this machine's API server alone, with kube-apiserver's flags: skiff server --help lists them");

  program
    .command('backup <file>')
    .description('write the whole store, as of one revision, into a file; everything goes on meanwhile')
    .option('--with-keys', 'also certificates and keys, without which Secrets cannot be read')
    .option('--format <format>', 'skiff, or etcd for a snapshot that etcdctl restores', 'skiff')
    .option('--config <path>', "another cluster's cluster.json")
    .action((file: string, flags: object) => perform(async () => (await import('./backup.ts')).backupCommand(realWorld('skiff', 'warn'), file, flags, (line) => console.log(line))));
  program
    .command('restore <file>')
    .description("put the state of a backup, or of etcd's own snapshot, in the place of what is there, which is kept beside it; the cluster must be down")
    .option('--with-keys', 'also the certificates and keys of the backup')
    .option('--skip-hash-check', "take a database of etcd that has no hash behind it: a copy of a member's snap/db")
    .option('--bump <revisions>', 'how far revisions move on beyond those of the backup; default: beyond all that anybody can have seen')
    .option('--config <path>', "another cluster's cluster.json")
    .action((file: string, flags: object) => perform(async () => (await import('./backup.ts')).restoreCommand(realWorld('skiff', 'warn'), file, flags, (line) => console.log(line))));

  const store = program.command('store').description('where objects are kept');
  const storeCommand = (name: string, description: string, run: (commands: typeof import('./store-commands.ts'), flags: { config?: string }) => Promise<void>): void => {
    store
      .command(name)
      .description(description)
      .option('--config <path>', "another cluster's cluster.json")
      .action((flags: { config?: string }) => perform(async () => run(await import('./store-commands.ts'), flags)));
  };
  const say = (line: string): void => console.log(line);
  storeCommand('status', 'where it is, its revision and size', (commands, flags) => commands.storeStatus(realWorld('skiff', 'warn'), flags, say));
  storeCommand('compact', 'forget all history up to now (an embedded store: while the cluster is down)', (commands, flags) => commands.storeCompact(realWorld('skiff', 'warn'), flags, say));
  storeCommand('defrag', 'give free space back to the disk (an embedded store: while the cluster is down)', (commands, flags) => commands.storeDefrag(realWorld('skiff', 'warn'), flags, say));
  store
    .command('move')
    .description('take all objects into another store; the cluster must be down')
    .requiredOption('--to <location>', 'embedded, or etcd://host:port[,host:port…]')
    .option('--config <path>', "another cluster's cluster.json")
    .action((flags: { to: string; config?: string }) => perform(async () => (await import('./store-commands.ts')).storeMove(realWorld('skiff', 'warn'), flags, say)));

  const image = program.command('image').description('container images without Docker');
  image
    .command('build <context>')
    .description('build an image from a Dockerfile and load it into the node')
    .requiredOption('-t, --tag <name>', 'name:tag of the image')
    .option('-f, --file <path>', 'the Dockerfile; default: Dockerfile in the context')
    .action((context: string, flags: { tag: string; file?: string }) =>
      perform(async () => (await import('#cli')).imageBuild(realWorld('skiff', 'warn'), { context, name: flags.tag, dockerfile: flags.file }, process.execPath, (line) => console.log(line))),
    );
  image
    .command('load <source>')
    .description('load a tar archive, an OCI layout folder or a built image into the node')
    .action((source: string) => perform(async () => (await import('#cli')).imageLoad(realWorld('skiff', 'warn'), source, (line) => console.log(line))));
  image
    .command('list')
    .description('images on the node')
    .action(() => perform(async () => (await import('#cli')).imageList(realWorld('skiff', 'warn'), (line) => console.log(line))));

  await program.parseAsync(commandLine);
}
