// Where a node keeps a certificate with its key: <name>-<time>.pem with both, and <name>-current.pem, a link to the
// newest. The link changes in one step, so that a reader finds a whole pair at any moment, also after a crash. Paths
// and form are upstream's, so that kubelet.conf files of kubeadm find them.
import { closeSync, existsSync, fsyncSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { pemBlocks, type CertifiedKey } from '#wire';

export interface CertificateStore {
  /** "/var/lib/kubelet/pki/kubelet-client-current.pem" */
  readonly currentPath: string;
  /** The newest pair; undefined when there is none, or none that can be read. */
  current(): CertifiedKey | undefined;
  update(pair: CertifiedKey): void;
}

/** Old pairs that are kept for whoever looks for what went wrong. */
const keptPairs = 3;

/** The certificates and the key of a file that holds both. */
export function parsePair(text: string): CertifiedKey | undefined {
  const blocks = pemBlocks(text);
  const isKey = (label: string): boolean => label.endsWith('PRIVATE KEY');
  if (!blocks.some(({ label }) => label === 'CERTIFICATE') || !blocks.some(({ label }) => isKey(label))) return undefined;
  const parts = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g) ?? [];
  const cert = parts.filter((part) => part.startsWith('-----BEGIN CERTIFICATE-----')).join('\n');
  const key = parts.find((part) => /^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(part)) ?? '';
  return { cert: `${cert}\n`, key: `${key}\n` };
}

function stamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '-');
}

/** @param name "kubelet-client" or "kubelet-server". */
export function fileCertificateStore(clock: Clock, folder: string, name: string): CertificateStore {
  const currentPath = join(folder, `${name}-current.pem`);
  const updatedPath = join(folder, `${name}-updated.pem`);
  const own = new RegExp(`^${name}-\\d{4}-\\d\\d-\\d\\d-\\d\\d-\\d\\d-\\d\\d(?:-\\d+)?\\.pem$`);

  const freshName = (): string => {
    const base = `${name}-${stamp(clock.now())}`;
    for (let at = 0; ; at++) {
      const candidate = at === 0 ? `${base}.pem` : `${base}-${at}.pem`;
      if (!existsSync(join(folder, candidate))) return candidate;
    }
  };

  const forgetOld = (): void => {
    const inUse = basename(readlinkSync(currentPath));
    const old = readdirSync(folder).filter((file) => own.test(file) && file !== inUse).sort();
    for (const file of old.slice(0, Math.max(0, old.length - keptPairs))) rmSync(join(folder, file), { force: true });
  };

  return {
    currentPath,
    current() {
      try {
        return parsePair(readFileSync(currentPath, 'utf8'));
      } catch {
        return undefined;
      }
    },
    update({ cert, key }) {
      mkdirSync(folder, { recursive: true, mode: 0o755 });
      const file = freshName();
      const handle = openSync(join(folder, file), 'wx', 0o600);
      try {
        writeSync(handle, `${cert.trimEnd()}\n${key.trimEnd()}\n`);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      if (lstatSync(updatedPath, { throwIfNoEntry: false }) !== undefined) rmSync(updatedPath);
      symlinkSync(join(folder, file), updatedPath);
      renameSync(updatedPath, currentPath);
      forgetOld();
    },
  };
}
