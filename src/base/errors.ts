// Operating errors: context is added per layer with `cause`, and the whole chain is told in one line.

/** An error that says what failed, keeping why. */
export function wrap(message: string, cause: unknown): Error {
  return new Error(message, { cause });
}

/** "pull image x: connect: ECONNREFUSED": the chain of causes in one line. */
export function errorText(error: unknown): string {
  const parts: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < 10 && current !== undefined; depth++) {
    parts.push(current instanceof Error ? current.message : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}

/** Breaks loudly on a broken invariant: the process must not go on with a wrong state. */
export function assert(condition: unknown, message: string): asserts condition {
  if (condition === false || condition === undefined || condition === null || condition === 0 || condition === '') {
    throw new Error(`invariant broken: ${message}`);
  }
}

/** True for the error of an aborted operation. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || (error as { code?: unknown }).code === 'ABORT_ERR');
}

/** The `code` of a Node error (ENOENT), if it has one. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
