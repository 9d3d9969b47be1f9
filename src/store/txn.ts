// What a transaction may look like, checked before any engine sees it, so that all engines refuse the
// same mistakes in the same words.
import { maxTxnOperations, type Txn, type Write } from './contract.ts';

const bytes = /^[\0-\u00ff]+$/;
export const maxKeyBytes = 1024;

export function keyOf(write: Write): string {
  return 'put' in write ? write.put : write.delete;
}

/** Throws a plain Error for what no engine accepts: keys that are empty, too long or no bytes, too many writes, a key twice. */
export function checkTxn(txn: Txn): void {
  const { writes, conditions } = txn;
  if (writes.length > maxTxnOperations || conditions.length > maxTxnOperations) {
    throw new Error(`a transaction holds at most ${maxTxnOperations} conditions and writes`);
  }
  for (const write of writes) checkKey(keyOf(write));
  if (writes.length > 1 && new Set(writes.map(keyOf)).size !== writes.length) throw new Error('duplicate key given in transaction');
}

/** Can something be kept under this key? */
export function isKey(key: string): boolean {
  return bytes.test(key) && key.length <= maxKeyBytes;
}

function checkKey(key: string): void {
  if (!isKey(key)) throw new Error(`not a key of at most ${maxKeyBytes} bytes: ${JSON.stringify(key.slice(0, 100))}`);
}
