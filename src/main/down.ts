// `skiff down`.
import { realWorld } from '#base/world.ts';
import { createChecklist, down } from '#cli';
import { tableName } from '#proxy';

export async function downCommand(purge: boolean): Promise<void> {
  const list = createChecklist(process.stdout);
  try {
    const found = await down(realWorld('skiff', 'error'), { purge, proxyTable: tableName }, list);
    if (!found) list.say('there is no cluster on this machine');
    else list.say(purge ? 'gone, with all its state' : 'stopped; objects are kept (skiff up brings them back, skiff down --purge forgets them)');
  } finally {
    list.close();
  }
}
