// Which containerd a binary is. The configuration differs: version 2 of the file for 1.6 and 1.7 (one CRI
// plugin), version 3 for 2.x (CRI split into runtime and images).
import { runChecked } from '#linux';

export interface ContainerdVersion {
  readonly major: number;
  readonly minor: number;
  readonly text: string;
}

/** Parses "containerd github.com/containerd/containerd v1.6.20 2806fc1". */
export function parseContainerdVersion(line: string): ContainerdVersion {
  const found = /\bv?(\d+)\.(\d+)(?:\.(\d+))?\S*/.exec(line.replace(/^.*containerd\S*\s/, ''));
  if (found === null) throw new Error(`cannot tell the version of containerd from ${JSON.stringify(line)}`);
  const [, major = '0', minor = '0', patch = '0'] = found;
  return { major: Number(major), minor: Number(minor), text: `${major}.${minor}.${patch}` };
}

/** Asks the binary; rejects below 1.6. */
export async function containerdVersion(binaryPath: string, signal?: AbortSignal): Promise<ContainerdVersion> {
  const version = parseContainerdVersion((await runChecked(binaryPath, ['--version'], { signal, timeoutMs: 10_000 })).trim());
  if (version.major < 1 || (version.major === 1 && version.minor < 6)) throw new Error(`${binaryPath} is containerd ${version.text}; 1.6 or later is needed`);
  return version;
}
