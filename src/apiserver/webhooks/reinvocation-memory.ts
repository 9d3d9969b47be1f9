// What a mutating plugin that asks others (webhooks, policies) remembers between the two rounds of one request: whom it
// has asked since the last change, who is to be asked again, and how it left the object.
import type { KubeObject } from '#machinery';
import type { Reinvocation } from '../contract.ts';

export interface ReinvocationMemory {
  /** The object as the last round left it, where the plugin needs to know. */
  output: KubeObject | undefined;
  readonly invoked: Set<string>;
  readonly again: Set<string>;
}

/** The plugin's own memory of this request, made the first time it is asked for. */
export function memoryOf(reinvocation: Reinvocation, pluginName: string): ReinvocationMemory {
  const known = reinvocation.memory.get(pluginName) as ReinvocationMemory | undefined;
  if (known !== undefined) return known;
  const made: ReinvocationMemory = { output: undefined, invoked: new Set(), again: new Set() };
  reinvocation.memory.set(pluginName, made);
  return made;
}

/** The object has changed: whoever has seen it takes part in the next round. */
export function requireAgain(memory: ReinvocationMemory): void {
  for (const key of memory.invoked) memory.again.add(key);
  memory.invoked.clear();
}
