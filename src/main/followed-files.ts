// Files that are taken over again when they change: certificates, keys and CA bundles. They are looked at every few
// seconds, because whoever renews them may replace a file, a link or a whole folder; a change counts once all of them
// can be read, so that a certificate is never paired with the key of another one.
import { readFileSync } from 'node:fs';
import { every } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { World } from '#base/world.ts';

const lookEveryMs = 5000;

function readAll(paths: readonly string[]): string[] {
  return paths.map((path) => readFileSync(path, 'utf8'));
}

/**
 * Calls `changed` with the texts in the order of `paths` whenever one of them is another one. What `changed` throws
 * (a certificate without its key yet) is told, and tried again at the next look.
 */
export function followFiles(world: World, paths: readonly string[], signal: AbortSignal, changed: (texts: readonly string[]) => void): void {
  if (paths.length === 0) return;
  let known = readAll(paths);
  void every(world.clock, lookEveryMs, signal, () => {
    try {
      const texts = readAll(paths);
      if (texts.every((text, at) => text === known[at])) return;
      changed(texts);
      known = texts;
      world.log.info('changed files have been taken over', { paths });
    } catch (error) {
      world.log.warn('changed files cannot be taken over yet', { paths, error: errorText(error) });
    }
  });
}
