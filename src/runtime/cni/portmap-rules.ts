// What the portmap plugin leaves in the nat tables: chains per pod, named in comments by network, and three
// chains that every portmap network on the machine shares.
import { nftApply, nftList, run } from '#linux';

/** portmap's chains: ours are named in comments; its three shared chains go when nothing else uses them. */
export async function removePortmapRules(network: string, signal: AbortSignal | undefined): Promise<void> {
  for (const command of ['iptables', 'ip6tables']) {
    const saved = await run(`${command}-save`, ['-t', 'nat'], { signal }).catch(() => undefined);
    if (saved === undefined || saved.code !== 0 || !saved.stdout.includes('CNI-HOSTPORT-')) continue;
    const rules = saved.stdout.split('\n').filter((line) => line.startsWith('-A '));
    const script: string[] = [];
    const removed = new Set<string>();
    for (const rule of rules) {
      if (!rule.startsWith('-A CNI-HOSTPORT-DNAT ') || !rule.includes(`\\"${network}\\"`)) continue;
      const chain = / -j (CNI-DN-\S+)/.exec(rule)?.[1];
      script.push(rule.replace('-A', '-D'));
      if (chain !== undefined) removed.add(chain);
    }
    const others = rules.some((rule) => rule.startsWith('-A CNI-HOSTPORT-DNAT ') && !script.includes(rule.replace('-A', '-D')));
    if (!others) {
      const shared = ['CNI-HOSTPORT-DNAT', 'CNI-HOSTPORT-SETMARK', 'CNI-HOSTPORT-MASQ'].filter((chain) => saved.stdout.includes(`:${chain} `));
      for (const rule of rules) {
        const target = / -j (CNI-HOSTPORT-\S+)/.exec(rule)?.[1];
        const own = /^-A (\S+)/.exec(rule)?.[1] ?? '';
        if (target !== undefined && shared.includes(target) && !removed.has(own)) script.push(rule.replace('-A', '-D'));
      }
      for (const chain of shared) removed.add(chain);
    }
    const lines = ['*nat', ...[...removed].map((chain) => `-F ${chain}`), ...script.filter((line) => !removed.has(/^-D (\S+)/.exec(line)?.[1] ?? '')), ...[...removed].map((chain) => `-X ${chain}`), 'COMMIT', ''];
    await run(`${command}-restore`, ['-w', '5', '--noflush'], { input: lines.join('\n'), signal });
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

/**
 * iptables-nft makes its base chains in "ip nat" at first use and never takes them back. Where that table now
 * holds nothing but such empty, accepting chains it goes; iptables makes it again when somebody needs it.
 */
export async function removeEmptyNatTables(signal: AbortSignal | undefined): Promise<void> {
  const builtin = new Set(['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING']);
  for (const family of ['ip', 'ip6'] as const) {
    const items = await nftList(family, 'nat', signal);
    const idle = items?.every((item) => {
      if (!isRecord(item) || isRecord(item['metainfo']) || isRecord(item['table'])) return true;
      const chain = item['chain'];
      return isRecord(chain) && builtin.has(String(chain['name'])) && chain['policy'] === 'accept';
    });
    if (idle === true) await nftApply(`delete table ${family} nat\n`, signal);
  }
}
