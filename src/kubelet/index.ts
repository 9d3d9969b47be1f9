// The kubelet room's door.
export { fileCertificateStore } from './certificates/certificate-store.ts';
export { rotateClientCertificate, rotateServingCertificate, type NodeCertificateOptions } from './certificates/node-certificates.ts';
export type { CertificateRotation } from './certificates/rotation.ts';
export { kubeletConfig, type HardEviction, type KubeletConfig, type KubeletSettings } from './config.ts';
export type { FileStat, HostCgroups, HostFiles, HostMeasures, HostMounts, HostNetwork, HttpProbe, NodeHost, ReadHandle } from './host.ts';
export { linuxHost } from './host/linux-host.ts';
export { memoryFiles } from './host/memory-files.ts';
export { memoryHost, type MemoryHostOptions } from './host/memory-host.ts';
export { type Kubelet, type KubeletDeps, startKubelet } from './kubelet.ts';
