// Connection tracking entries. UDP flows to a Service keep going to the endpoint that conntrack
// remembers, so entries must go when an endpoint does (as upstream's proxy does).
import { run } from './run.ts';

export interface ConntrackFilter {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly originalDestination?: string;
  readonly originalDestinationPort?: number;
  /** The address replies come from: the endpoint behind a DNAT. */
  readonly replySource?: string;
  readonly family?: 'ipv4' | 'ipv6';
}

/** Deletes matching entries; none is fine. Returns how many went. */
export async function deleteConntrack(filter: ConntrackFilter, signal?: AbortSignal): Promise<number> {
  const args = ['-D', '-f', filter.family ?? 'ipv4', '-p', filter.protocol];
  if (filter.originalDestination !== undefined) args.push('--orig-dst', filter.originalDestination);
  if (filter.originalDestinationPort !== undefined) args.push('--dport', String(filter.originalDestinationPort));
  if (filter.replySource !== undefined) args.push('--reply-src', filter.replySource);
  const result = await run('conntrack', args, { signal });
  const count = /(\d+) flow entries have been deleted/.exec(result.stderr)?.[1];
  if (count !== undefined) return Number(count);
  throw new Error(`conntrack ${args.join(' ')}: ${result.stderr.trim() || `exit status ${result.code}`}`);
}
