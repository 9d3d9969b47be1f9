// Many alike writes, carefully: one, then two, then four at a time, and none after a failure. A template that
// the server refuses is tried once, not a thousand times.

export interface SlowStart {
  readonly succeeded: number;
  /** The first failure, if any. */
  readonly error: unknown;
}

/** Calls `run` `count` times in doubling batches; stops after a batch with a failure. Never rejects. */
export async function slowStart(count: number, run: (index: number) => Promise<void>, firstBatch = 1): Promise<SlowStart> {
  let begun = 0;
  let succeeded = 0;
  for (let size = Math.min(count, firstBatch); size > 0; size = Math.min(2 * size, count - begun)) {
    const from = begun;
    begun += size;
    const results = await Promise.allSettled(Array.from({ length: size }, (_, at) => run(from + at)));
    const failed = results.find((result) => result.status === 'rejected');
    succeeded += results.filter((result) => result.status === 'fulfilled').length;
    if (failed !== undefined) return { succeeded, error: failed.reason };
  }
  return { succeeded, error: undefined };
}
