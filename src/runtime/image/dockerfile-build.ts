// Builds an image from a Dockerfile without a daemon: stages on nothing or on images that are here (an OCI
// layout directory, or an image of the layout built into), COPY and ADD of local files, RUN in namespaces of
// its own. The same inputs give the same digest as long as RUN's own effects do.
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import type { Random } from '#base/random.ts';
import { goArchitecture } from '#linux';
import { assembleImage, loadBase, mergeConfig, type BuiltImage, type LoadedBase } from './build.ts';
import { copyEntries, dockerIgnore } from './copy-step.ts';
import { DockerfileError, expand, keyValues, parseDockerfile, splitWords, type Instruction } from './dockerfile.ts';
import { writeLayer, type Layer, type LayerEntry } from './layer.ts';
import { createLayout, type ImageConfig } from './oci.ts';
import { applyLayer, treeChanges, treeState } from './rootfs.ts';
import { numericOwner, runStep, stepMounts } from './run-step.ts';

export interface DockerfileBuildOptions {
  /** The directory that COPY reads from. */
  readonly context: string;
  /** Default: `Dockerfile` in the context. */
  readonly dockerfile?: string;
  readonly name: string;
  /** The layout directory to write into; FROM also finds images in it by name. */
  readonly layout: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly compression?: 'gzip' | 'none';
  /** Told before each instruction: "[3/7] COPY app /app". */
  readonly onStep?: (text: string) => void;
  readonly signal?: AbortSignal;
}

interface Stage {
  readonly name: string | undefined;
  readonly base: LoadedBase | undefined;
  readonly layers: Layer[];
  readonly history: string[];
  config: ImageConfig;
  shell: readonly string[];
  readonly args: Map<string, string>;
  /** Its files as a directory, once a step needed them; how many layers are in it. */
  files: { readonly directory: string; applied: number } | undefined;
}

interface Build {
  readonly random: Random;
  readonly options: DockerfileBuildOptions;
  readonly globalArgs: Map<string, string>;
  readonly stages: Stage[];
  readonly ignored: (path: string) => boolean;
  /** For unpacked stages; removed at the end. */
  readonly scratch: string;
}

const variablesOf = (stage: Stage): Map<string, string> =>
  new Map([...stage.args, ...(mergeConfig(stage.base?.document.config ?? {}, stage.config).Env ?? []).map((entry): [string, string] => [entry.split('=')[0] ?? '', entry.slice(entry.indexOf('=') + 1)])]);

const effective = (stage: Stage): ImageConfig => mergeConfig(stage.base?.document.config ?? {}, stage.config);

async function findBase(build: Build, reference: string, line: number): Promise<LoadedBase | undefined> {
  if (reference === 'scratch') return undefined;
  const { context, layout } = build.options;
  const directory = resolve(context, reference);
  const isLayout = await stat(join(directory, 'oci-layout')).then(() => true, () => false);
  try {
    return await loadBase(isLayout ? { layout: directory } : { layout, name: reference }, goArchitecture());
  } catch (error) {
    throw new DockerfileError(line, `FROM ${reference}: neither "scratch", nor an OCI layout directory, nor an image built here before (${error instanceof Error ? error.message : String(error)})`);
  }
}

async function startStage(build: Build, step: Instruction): Promise<void> {
  const [, reference = '', name] = /^(\S+)(?:\s+as\s+(\S+))?$/i.exec(expand(step.text, build.globalArgs)) ?? [];
  if (reference === '') throw new DockerfileError(step.line, 'FROM requires an image, optionally followed by AS and a name');
  const earlier = build.stages.find((stage) => stage.name === reference);
  const fresh = { name, shell: ['/bin/sh', '-c'], args: new Map<string, string>(), files: undefined };
  if (earlier !== undefined) build.stages.push({ ...fresh, base: earlier.base, layers: [...earlier.layers], history: [...earlier.history], config: earlier.config });
  else build.stages.push({ ...fresh, base: await findBase(build, reference, step.line), layers: [], history: [], config: {} });
}

/** The stage's files as a directory, up to its newest layer. */
async function filesOf(build: Build, stage: Stage): Promise<string> {
  if (stage.files === undefined) {
    const directory = join(build.scratch, `stage-${build.stages.indexOf(stage)}`);
    await mkdir(directory);
    for (const layer of stage.base?.manifest.layers ?? []) await applyLayer(stage.base?.layout ?? '', layer, directory);
    stage.files = { directory, applied: 0 };
  }
  for (const layer of stage.layers.slice(stage.files.applied)) await applyLayer(build.options.layout, layer.descriptor, stage.files.directory);
  stage.files.applied = stage.layers.length;
  return stage.files.directory;
}

async function addLayer(build: Build, stage: Stage, entries: readonly LayerEntry[], createdBy: string): Promise<void> {
  stage.layers.push(await writeLayer(build.random, build.options.layout, entries, build.options.compression));
  stage.history.push(createdBy);
}

async function copy(build: Build, stage: Stage, step: Instruction, text: string): Promise<void> {
  const words = step.json === undefined ? splitWords(text) : step.json.map((word) => expand(word, variablesOf(stage)));
  const target = words.pop();
  if (target === undefined || words.length === 0) throw new DockerfileError(step.line, `${step.name} requires at least two arguments`);
  const remote = words.find((word) => /^(https?|git):\/\//.test(word) || (step.name === 'ADD' && /\.(tar|tgz|tar\.(gz|xz|bz2))$/.test(word)));
  if (remote !== undefined) throw new DockerfileError(step.line, `${step.name} takes plain local files only: ${remote}`);
  const { from: fromName, chown = '', chmod } = step.flags;
  const source = fromName === undefined ? undefined : build.stages.find((s, index) => s !== stage && (s.name === fromName || String(index) === fromName));
  if (fromName !== undefined && source === undefined) throw new DockerfileError(step.line, `no earlier stage is named ${fromName}`);
  const root = chown === '' || /^[\d:]*$/.test(chown) ? undefined : await filesOf(build, stage);
  const absolute = target.startsWith('/') ? target : `${effective(stage).WorkingDir ?? '/'}/${target}`;
  const entries = await copyEntries({
    from: source === undefined ? resolve(build.options.context) : await filesOf(build, source),
    ignored: source === undefined ? build.ignored : () => false,
    sources: words,
    target: posix.normalize(/(^|\/)\.{1,2}$/.test(absolute) ? `${absolute}/` : absolute),
    owner: await numericOwner(root, chown, step.line),
    mode: chmod === undefined ? undefined : Number.parseInt(chmod, 8),
    line: step.line,
  });
  await addLayer(build, stage, entries, `${step.name} ${step.text}`);
}

async function execute(build: Build, stage: Stage, step: Instruction): Promise<void> {
  const root = await filesOf(build, stage);
  const config = effective(stage);
  const except = new Set(stepMounts);
  const before = await treeState(root, except);
  await runStep({
    root,
    command: step.json ?? [...stage.shell, step.text],
    env: variablesOf(stage),
    workingDir: config.WorkingDir ?? '/',
    user: config.User ?? '',
    line: step.line,
    signal: build.options.signal,
  });
  const changes = await treeChanges(root, before, await treeState(root, except));
  await addLayer(build, stage, changes, `RUN ${step.text}`);
  if (stage.files !== undefined) stage.files.applied = stage.layers.length;
}

/** The container's command as Docker stores it: the exec form as it is, the shell form through the shell. */
const commandOf = (stage: Stage, step: Instruction): readonly string[] => step.json ?? (step.text === '' ? [] : [...stage.shell, step.text]);

/** Instructions that change the configuration alone. */
function configure(stage: Stage, step: Instruction, text: string): void {
  const { config } = stage;
  const words = (): readonly string[] => step.json ?? splitWords(text);
  switch (step.name) {
    case 'ENV': {
      const pairs = keyValues({ ...step, text }).map(([key, value]) => `${key}=${value ?? ''}`);
      stage.config = mergeConfig(config, { Env: pairs });
      return;
    }
    case 'LABEL':
      stage.config = mergeConfig(config, { Labels: Object.fromEntries(keyValues({ ...step, text }).map(([key, value]) => [key, value ?? ''])) });
      return;
    case 'EXPOSE': {
      const ports = words().map((word) => (word.includes('/') ? word : `${word}/tcp`));
      const bad = ports.find((port) => !/^\d+(-\d+)?\/(tcp|udp|sctp)$/.test(port));
      if (bad !== undefined) throw new DockerfileError(step.line, `invalid port: ${bad}`);
      stage.config = mergeConfig(config, { ExposedPorts: Object.fromEntries(ports.map((port) => [port, {}])) });
      return;
    }
    case 'VOLUME':
      stage.config = mergeConfig(config, { Volumes: Object.fromEntries(words().map((path) => [path, {}])) });
      return;
    case 'WORKDIR':
      stage.config = { ...config, WorkingDir: posix.resolve(effective(stage).WorkingDir ?? '/', text) };
      return;
    case 'USER':
      stage.config = { ...config, User: text };
      return;
    case 'STOPSIGNAL':
      stage.config = { ...config, StopSignal: text };
      return;
    case 'ENTRYPOINT':
      stage.config = { ...config, Entrypoint: commandOf(stage, step) };
      return;
    case 'CMD':
      stage.config = { ...config, Cmd: commandOf(stage, step) };
      return;
    case 'SHELL':
      if (step.json === undefined || step.json.length === 0) throw new DockerfileError(step.line, 'SHELL requires the JSON form');
      stage.shell = step.json;
      return;
    default:
      throw new DockerfileError(step.line, `${step.name} is not supported here`);
  }
}

function declareArgs(build: Build, stage: Stage | undefined, step: Instruction): void {
  const into = stage?.args ?? build.globalArgs;
  for (const [key, value] of keyValues(step)) {
    const given = build.options.buildArgs?.[key] ?? (value === undefined ? undefined : expand(value, stage === undefined ? into : variablesOf(stage))) ?? build.globalArgs.get(key);
    if (given !== undefined) into.set(key, given);
  }
}

async function perform(build: Build, step: Instruction): Promise<void> {
  if (step.name === 'FROM') return startStage(build, step);
  const stage = build.stages.at(-1);
  if (step.name === 'ARG') return declareArgs(build, stage, step);
  if (stage === undefined) throw new DockerfileError(step.line, `${step.name} before the first FROM`);
  // The shell expands what RUN, CMD and ENTRYPOINT say, when they run.
  const text = expand(step.text, variablesOf(stage));
  if (step.name === 'COPY' || step.name === 'ADD') return copy(build, stage, step, text);
  if (step.name === 'RUN') return execute(build, stage, step);
  configure(stage, step, text);
  if (step.name === 'WORKDIR') await addLayer(build, stage, [{ type: 'directory', path: stage.config.WorkingDir ?? '/' }], `WORKDIR ${text}`);
}

/** Builds the Dockerfile's last stage into the layout. Errors name the line. */
export async function buildDockerfile(random: Random, options: DockerfileBuildOptions): Promise<BuiltImage> {
  const file = options.dockerfile ?? join(options.context, 'Dockerfile');
  const steps = parseDockerfile(await readFile(file, 'utf8'));
  await createLayout(options.layout);
  const scratch = await mkdtemp(join(tmpdir(), 'skiff-build-'));
  try {
    const build: Build = { random, options, globalArgs: new Map(), stages: [], ignored: await dockerIgnore(options.context), scratch };
    for (const [index, step] of steps.entries()) {
      options.signal?.throwIfAborted();
      options.onStep?.(`[${index + 1}/${steps.length}] ${step.name} ${step.text}`.slice(0, 200));
      await perform(build, step);
    }
    const last = build.stages.at(-1);
    if (last === undefined) throw new DockerfileError(1, 'the file has no FROM');
    return await assembleImage({ layout: options.layout, name: options.name, base: last.base, layers: last.layers, history: last.history, config: last.config, compression: options.compression });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
