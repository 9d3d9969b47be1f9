// The entry of everything that runs: `skiff run <program>` goes straight to a program of the cluster, all else to the
// command line. Each is loaded when it is asked for: the command line's parser is no part of an API server's start.
import { enableCompileCache } from 'node:module';

/** The project's root: this file is src/main/skiff.ts, or dist/skiff.js when bundled. What it imported would be a file more to read. */
const root = import.meta.dirname.replace(/\/(src\/main|dist)$/, '');

enableCompileCache(`${root}/node_modules/.cache/skiff-compile`);

/** The programs of the cluster, as their supervisors start them: `skiff run <program> --config <cluster.json>`. */
const programs: Readonly<Record<string, (configPath: string) => Promise<void>>> = {
  apiserver: async (configPath) => (await import('./apiserver.ts')).runApiServer(configPath),
  controllers: async (configPath) => (await import('./controllers.ts')).runControllers(configPath),
  agent: async (configPath) => (await import('./agent.ts')).runAgent(configPath),
};

const [command, name, flag, configPath] = process.argv.slice(2);
if (command === 'server') await (await import('./server.ts')).serverCommand(process.argv.slice(3));
else if (command !== 'run') await (await import('./commands.ts')).runCommand(root, process.argv);
else {
  const run = programs[name ?? ''];
  if (run === undefined || flag !== '--config' || configPath === undefined) {
    console.error(`usage: skiff run ${Object.keys(programs).join('|')} --config <cluster.json>`);
    process.exitCode = 1;
  } else await run(configPath);
}
