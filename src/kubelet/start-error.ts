// Why a container does not run: what pulling its image, making it and starting it throw, and what becomes its waiting
// state. Apart from both, because the images' folder knows nothing of containers.

/** `reason` and `message` are the waiting state; `retryAtMs` says when to try again, where that is known. */
export class StartError extends Error {
  override name = 'StartError';
  readonly reason: string;
  readonly retryAtMs: number | undefined;
  constructor(reason: string, message: string, retryAtMs?: number) {
    super(message);
    this.reason = reason;
    this.retryAtMs = retryAtMs;
  }
}
