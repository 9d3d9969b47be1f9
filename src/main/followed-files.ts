// Files that are taken over again when they change: certificates, keys and CA bundles. They are looked at every second,
// because whoever renews them may replace a file, a link or a whole folder, and are read when they are not the same files
// any more; a change counts once all of them can be read, so that a certificate is never paired with another one's key.
import { readFileSync, statSync } from 'node:fs';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';

const lookEveryMs = 1000;

/** Other when a file has been replaced or written. A link stands for what it leads to. */
function marksOf(paths: readonly string[]): string {
  return paths.map((path) => {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join();
  }).join();
}

function readAll(paths: readonly string[]): string[] {
  return paths.map((path) => readFileSync(path, 'utf8'));
}

/**
 * Calls `changed` with the texts in the order of `paths` whenever one of them is another one. What `changed` throws
 * (a certificate without its key yet) is told, and tried again at the next look.
 */
export function followFiles(world: World, paths: readonly string[], signal: AbortSignal, changed: (texts: readonly string[]) => void): void {
  if (paths.length === 0) return;
  let marks = '';
  let told = '';
  let known = readAll(paths);
  void every(world.clock, lookEveryMs, signal, () => {
    try {
      const now = marksOf(paths);
      if (now === marks) return;
      const texts = readAll(paths);
      if (!texts.every((text, at) => text === known[at])) {
        changed(texts);
        known = texts;
        world.log.info('changed files have been taken over', { paths });
      }
      // Before the reading: what is written meanwhile is seen at the next look.
      marks = now;
      told = '';
    } catch (error) {
      const text = errorText(error);
      if (text !== told) world.log.warn('changed files cannot be taken over yet', { paths, error: text });
      told = text;
    }
  });
}
