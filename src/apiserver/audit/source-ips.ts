// Where a request came from, as far as it tells: the chain of X-Forwarded-For, then X-Real-Ip, and last the peer itself,
// which nobody can forge.
import { isIP } from 'node:net';
import type { Exchange } from '#wire';

/** The address in Go's form, or undefined for what is none. */
function address(text: string | undefined): string | undefined {
  const trimmed = (text ?? '').trim();
  const kind = isIP(trimmed);
  if (kind === 0 || trimmed.includes('%')) return undefined;
  if (kind === 4) return trimmed;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(trimmed);
  return mapped?.[1] ?? new URL(`http://[${trimmed}]`).hostname.slice(1, -1);
}

export function sourceIps({ headers, peer }: Exchange): string[] {
  const found: string[] = [];
  for (const part of headers['x-forwarded-for']?.split(',') ?? []) {
    const ip = address(part);
    if (ip !== undefined) found.push(ip);
  }
  const real = address(headers['x-real-ip']);
  if (real !== undefined && !found.includes(real)) found.push(real);
  // A caller within the process counts as this machine.
  const remote = address(peer.address === '' ? '127.0.0.1' : peer.address);
  if (remote !== undefined && found.at(-1) !== remote) found.push(remote);
  return found;
}
