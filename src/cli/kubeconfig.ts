// The user's kubeconfig: `up` merges a cluster, a user and a context named after the cluster and makes it
// current; `down` takes out just those. Comments and everything else in the file stay as they are.
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { UserError } from './user-error.ts';

export interface KubeconfigEntry {
  readonly name: string;
  readonly server: string;
  /** PEM. */
  readonly ca: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Whoever called sudo, else ourselves. */
function owner(env: NodeJS.ProcessEnv): Owner {
  const uid = Number(env.SUDO_UID ?? Number.NaN);
  const gid = Number(env.SUDO_GID ?? Number.NaN);
  if (Number.isInteger(uid) && Number.isInteger(gid) && uid > 0) {
    const line = readFileSync('/etc/passwd', 'utf8').split('\n').find((l) => l.split(':')[2] === String(uid));
    return { uid, gid, home: line?.split(':')[5] ?? homedir() };
  }
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, home: homedir() };
}

/** `$KUBECONFIG` (the first file of the list), else ~/.kube/config of the caller. */
export function kubeconfigPath(env: NodeJS.ProcessEnv): string {
  const first = env.KUBECONFIG?.split(':').find((path) => path !== '');
  return first ?? join(owner(env).home, '.kube', 'config');
}

/** A kubeconfig that holds one entry. */
export function kubeconfigText(entry: KubeconfigEntry): string {
  const doc = emptyDocument();
  merge(doc, entry);
  return doc.toString({ lineWidth: 0 });
}

function emptyDocument(): Document {
  return new Document({ apiVersion: 'v1', kind: 'Config', preferences: {}, clusters: [], users: [], contexts: [] });
}

function list(doc: Document, key: string): YAMLSeq {
  const found = doc.get(key);
  if (isSeq(found)) return found;
  doc.set(key, doc.createNode([]));
  const made = doc.get(key);
  if (!isSeq(made)) throw new Error(`kubeconfig: cannot write ${key}`);
  // An empty list is written as []; once it has items they go one to a line.
  made.flow = false;
  return made;
}

function named(seq: YAMLSeq, name: string): number {
  return seq.items.findIndex((item) => isMap(item) && (item as YAMLMap).get('name') === name);
}

function put(doc: Document, key: string, name: string, value: unknown): void {
  const seq = list(doc, key);
  seq.flow = false;
  const node = doc.createNode(value);
  const at = named(seq, name);
  if (at < 0) seq.items.push(node);
  else seq.items[at] = node;
}

function merge(doc: Document, entry: KubeconfigEntry): void {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  put(doc, 'clusters', entry.name, { name: entry.name, cluster: { 'certificate-authority-data': base64(entry.ca), server: entry.server } });
  put(doc, 'users', entry.name, { name: entry.name, user: { 'client-certificate-data': base64(entry.clientCert), 'client-key-data': base64(entry.clientKey) } });
  put(doc, 'contexts', entry.name, { name: entry.name, context: { cluster: entry.name, user: entry.name } });
  doc.set('current-context', entry.name);
}

function read(path: string): Document {
  if (!existsSync(path) || readFileSync(path, 'utf8').trim() === '') return emptyDocument();
  const doc = parseDocument(readFileSync(path, 'utf8'));
  if (doc.errors.length > 0 || !isMap(doc.contents)) {
    throw new UserError(`${path} is not a kubeconfig: ${doc.errors[0]?.message ?? 'no mapping'}`, 'repair or move that file, or set KUBECONFIG to another one, then run the same command again');
  }
  return doc;
}

function write(path: string, doc: Document, who: Owner): void {
  const dir = dirname(path);
  if (!existsSync(dir)) {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    if (process.getuid?.() === 0) chownSync(dir, who.uid, who.gid);
  }
  const before = existsSync(path) ? statSync(path) : undefined;
  const temporary = `${path}.skiff-${process.pid}`;
  writeFileSync(temporary, doc.toString({ lineWidth: 0 }), { mode: 0o600 });
  if (process.getuid?.() === 0) chownSync(temporary, before?.uid ?? who.uid, before?.gid ?? who.gid);
  renameSync(temporary, path);
}

/** Merges the entry into the user's kubeconfig and makes it current. Returns the file's path. */
export function mergeKubeconfig(env: NodeJS.ProcessEnv, entry: KubeconfigEntry): string {
  const path = kubeconfigPath(env);
  const doc = read(path);
  merge(doc, entry);
  write(path, doc, owner(env));
  return path;
}

/** Writes the entry anew where it is; which context is current stays. Answers the file's path, undefined without such an entry. */
export function refreshKubeconfig(env: NodeJS.ProcessEnv, entry: KubeconfigEntry): string | undefined {
  const path = kubeconfigPath(env);
  if (!existsSync(path)) return undefined;
  const doc = read(path);
  const known = doc.get('users');
  if (!isSeq(known) || named(known, entry.name) < 0) return undefined;
  const current = doc.get('current-context');
  merge(doc, entry);
  doc.set('current-context', current);
  write(path, doc, owner(env));
  return path;
}

/** Takes the entry out again; current-context is cleared only if it was ours. */
export function removeKubeconfig(env: NodeJS.ProcessEnv, name: string): void {
  const path = kubeconfigPath(env);
  if (!existsSync(path)) return;
  const doc = read(path);
  let changed = false;
  for (const key of ['clusters', 'users', 'contexts']) {
    const seq = doc.get(key);
    if (!isSeq(seq)) continue;
    const at = named(seq, name);
    if (at < 0) continue;
    seq.items.splice(at, 1);
    changed = true;
  }
  if (doc.get('current-context') === name) {
    doc.set('current-context', '');
    changed = true;
  }
  if (changed) write(path, doc, owner(env));
}
