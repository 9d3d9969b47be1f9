// The cli room's door.
export { createChecklist, type Checklist, type ChecklistOutput } from './checklist.ts';
export { dnsService } from './addons.ts';
export { certsCheck, certsRenew } from './certs.ts';
export { clientFor, transportFor } from './access.ts';
export { down, type DownOptions } from './down.ts';
export { encryptionFile, ensureEncryptionKey } from './encryption-keys.ts';
export { runExample, type ExampleAnswers } from './example.ts';
export { imageBuild, imageList, imageLoad } from './image.ts';
export { nodeLayout, pauseImage, type NodeLayout } from './node-layout.ts';
export { clusterFile, defaultPaths, kubeconfigFile, loadCluster, pkiFile, saveCluster, type ClusterConfig, type ClusterPaths } from './paths.ts';
export { ensurePki, firstServiceIp } from './pki.ts';
export type { Launcher } from './programs.ts';
export { rotateKey, secretsReencrypt, secretsRotateKey } from './secrets.ts';
export { status } from './status.ts';
export { ensureSystemImages } from './system-images.ts';
export { up, type Up, type UpOptions } from './up.ts';
export { UserError } from './user-error.ts';
