// The load generator's process: takes one job at a time from its parent and answers with the result.
import { runRequests, runWatch, type RequestJob, type WatchJob } from './load-jobs.ts';

process.on('message', (job: RequestJob | WatchJob) => {
  const result = job.kind === 'watch' ? runWatch(job) : runRequests(job);
  result.then(
    (value) => process.send?.({ value }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
