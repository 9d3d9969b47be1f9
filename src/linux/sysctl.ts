// Kernel settings under /proc/sys. Keys use dots as sysctl(8) does; a slash stands for a dot inside a
// name (an interface "eth0.1").
import { readFile, writeFile } from 'node:fs/promises';
import { wrap } from '#base/errors.ts';

/** The file of a key: "net.ipv4.ip_forward" → /proc/sys/net/ipv4/ip_forward. */
export function sysctlPath(key: string): string {
  const swapped = key.replaceAll(/[./]/g, (c) => (c === '.' ? '/' : '.'));
  if (swapped.split('/').some((part) => part === '' || /^\.+$/.test(part))) throw new Error(`not a sysctl name: ${key}`);
  return `/proc/sys/${swapped}`;
}

/** The value without its final newline; undefined when the kernel has no such setting. */
export async function getSysctl(key: string): Promise<string | undefined> {
  try {
    return (await readFile(sysctlPath(key), 'utf8')).trim();
  } catch {
    return undefined;
  }
}

/** Sets a value; nothing is written when it is set already. Returns the value that stood before. */
export async function setSysctl(key: string, value: string | number): Promise<string | undefined> {
  const before = await getSysctl(key);
  if (before === String(value)) return before;
  try {
    await writeFile(sysctlPath(key), String(value));
  } catch (error) {
    throw wrap(`set sysctl ${key} to ${value}`, error);
  }
  return before;
}
