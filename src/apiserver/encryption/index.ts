// The door of encryption at rest.
export { encryptedStore, type EncryptedStore } from './encrypted-store.ts';
export { openEncryption, type Encryption, type EncryptionOptions } from './encryption.ts';
export { keyResources, type KeyResource } from './group-resource.ts';
export { errorCode } from './transformer.ts';
