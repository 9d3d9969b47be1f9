// V8 flags that a program sets when it has started. On the command line they would make it start slower: V8 takes code
// only under the flags that it was made under, Node's own modules come with code made under V8's defaults, and compiling
// them costs 45 ms. Flags of the heap's size are not among what V8 compares.
import { runInNewContext } from 'node:vm';

interface Collection {
  readonly type: 'major';
  readonly execution: 'sync';
  readonly flavor: 'last-resort';
}

async function setFlag(flag: string): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString(flag);
}

/** Collects as if memory had run out: an ordinary collection keeps the freed pages in V8's pool. */
export async function collectAll(): Promise<void> {
  // V8 puts the function into contexts that are made while the flag is set.
  await setFlag('--expose-gc');
  const collect = runInNewContext('gc') as (how: Collection) => void;
  await setFlag('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** The write path is long and flat: with V8's default of 3,000 calls it takes 20,000 writes until most of it is compiled. */
export function optimizeSooner(): Promise<void> {
  return setFlag('--invocation-count-for-turbofan=1000');
}
