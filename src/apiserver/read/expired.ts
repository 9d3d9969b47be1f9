// Refusals of reads that machinery has no constructor for: an old revision with a way on, and a future one.
import { gone, StatusError, timeout } from '#machinery';

/** 410 with a continue token that goes on at the current revision. */
export function goneWithContinue(message: string, token: string): StatusError {
  const { status } = gone(message);
  return new StatusError({ ...status, metadata: { continue: token } });
}

/** 504: the revision asked for has not happened yet. */
export function resourceVersionTooLarge(revision: number, current: number, retryAfterSeconds: number): StatusError {
  const { status } = timeout(`Too large resource version: ${revision}, current: ${current}`);
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  return new StatusError({ ...status, details: { ...status.details, retryAfterSeconds, causes } });
}
