// `skiff down` leaves nothing behind, and `skiff up` finds the objects again.
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { attempt, kubectl } from './clients.ts';

function leftovers(): string[] {
  const found: string[] = [];
  const look = (what: string, command: string, pattern: RegExp): void => {
    for (const line of attempt('sh', ['-c', command]).stdout.split('\n')) if (pattern.test(line)) found.push(`${what}: ${line.trim()}`);
  };
  look('process', 'ps -eo pid,args', /skiff\/containerd|containerd-shim.*skiff|\brun (apiserver|controllers|agent) --config \/var\/lib\/skiff|\/run\/skiff/);
  look('mount', 'cat /proc/mounts', /\/(var\/lib|run)\/skiff/);
  look('network namespace', 'ip netns list', /cni-/);
  look('nftables table', 'nft list tables', /skiff/);
  look('bridge', 'ip -o link', /skiff0|veth/);
  look('address', 'ip -o addr', /10\.96\.0\.10/);
  look('cgroup', 'find /sys/fs/cgroup -maxdepth 3 -name "*kubepods*"', /kubepods/);
  look('iptables rule', 'iptables-save 2>/dev/null', /CNI|skiff/);
  if (existsSync('/run/skiff')) found.push('file: /run/skiff');
  return found;
}

test('down leaves no process, mount, namespace, table, bridge or cgroup; up finds the objects again', () => {
  const uid = kubectl('-n shop get deploy web -o jsonpath={.metadata.uid}');
  expect(attempt('./skiff', ['down'])).toMatchObject({ code: 0 });
  expect(leftovers()).toEqual([]);
  const again = attempt('./skiff', ['up', '--example'], { timeoutMs: 200_000 });
  expect(again).toMatchObject({ code: 0 });
  expect(again.stdout).toContain("Skiff's shop: anchor 40, oar 12, rope 7");
  expect(kubectl('-n shop get deploy web -o jsonpath={.metadata.uid}')).toBe(uid);
});
