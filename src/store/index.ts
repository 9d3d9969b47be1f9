// The store room's door.
export type {
  Condition, KeyValue, RangeQuery, RangeResult, Store, StoreEvent, StoreStatus, StoreWatch, Txn, TxnResult, WatchHandler, WatchQuery, Write,
} from './contract.ts';
export {
  CompactedError, FutureRevisionError, LeaseNotFoundError, maxTxnOperations, NoSpaceError, prefixEnd, StoreUnavailableError,
} from './contract.ts';
export { checkTxn, isKey, keyOf, maxKeyBytes } from './txn.ts';
export { prefixedStore } from './prefixed-store.ts';
export { startCompactor, type CompactorConfig } from './compactor.ts';
export { openEmbeddedStore, type EmbeddedStore, type EmbeddedStoreConfig } from './embedded/embedded-store.ts';
export { createMemoryDisk, type MemoryDisk } from './memory/disk.ts';
export { openMemoryStore, type MemoryStore, type MemoryStoreConfig } from './memory/memory-store.ts';
export type { LeaseState, LocalStore, TxnView } from './mvcc/local-store.ts';
export type { Image, ImageFacts } from './backup/image.ts';
export { encodeKeyValue, revisionKey, writeEtcdSnapshot } from './backup/etcd-snapshot.ts';
export { isEtcdSnapshot, openEtcdSnapshot } from './backup/etcd-snapshot-file.ts';
export { BackupError, isBackup, openBackup, writeBackup, type BackupFacts, type BackupFile, type OpenBackup } from './backup/backup-file.ts';
export { hasEmbeddedStore, openEmbeddedImage, placements, writeEmbeddedStore, type NewStoreOptions } from './backup/embedded-image.ts';
export { finishSwap, swapIn, type Swap } from './backup/swap.ts';
export { revisionOf, type JournalRecord } from './mvcc/record.ts';
