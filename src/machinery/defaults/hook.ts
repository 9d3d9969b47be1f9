// What a hand-written default is: a function on an object of one type, run before the type's static defaults
// and before those of its parts.

export interface DefaultsContext {
  /** Wall time in milliseconds; without it, defaults that stamp a time are left out. */
  readonly nowMs: number | undefined;
}

export type Hook = (object: object, context: DefaultsContext) => void;

export type Hooks = Readonly<Record<string, Hook>>;

/** Ties a function on a static type to the walker, which knows types by name only. */
export function hook<T extends object>(run: (object: T, context: DefaultsContext) => void): Hook {
  return (object, context) => run(object as T, context);
}
