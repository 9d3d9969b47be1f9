// An error that is the user's to solve: what is wrong, and what to do next. Printed without a stack.

export class UserError extends Error {
  override name = 'UserError';
  readonly next: string;

  constructor(problem: string, next: string, cause?: unknown) {
    super(problem, cause === undefined ? undefined : { cause });
    this.next = next;
  }
}
