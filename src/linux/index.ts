// The linux room's door: the only room that touches mounts, cgroups, netfilter and interfaces.
export { CommandError, debianPackageOf, MissingToolError, run, runChecked, type RunOptions, type RunResult } from './run.ts';
export {
  bindMount, isMountPoint, listMounts, makeShared, mountFileSystem, mountsUnder, mountTmpfs, parseMountInfo, unmount, unmountAll, type MountInfo,
} from './mounts.ts';
export { openCgroups, type Cgroups } from './cgroups.ts';
export { cgroupLayout, detectCgroups, type CgroupLayout } from './cgroup-layout.ts';
export { cpuWeight, type CgroupLimits } from './cgroup-limits.ts';
export type { CgroupStats } from './cgroup-stats.ts';
export { nftApply, nftCheck, nftDeleteTable, NftError, nftList, nftListText, nftTables, type NftFamily } from './nft.ts';
export { getSysctl, setSysctl, sysctlPath } from './sysctl.ts';
export {
  addAddress, addNetns, defaultAddress, deleteAddress, deleteLink, deleteNetns, deleteRoute, ipCommand, listAddresses, listLinks, listNetns, listRoutes, replaceRoute,
  type Address, type Link, type Route,
} from './ip.ts';
export { deleteConntrack, type ConntrackFilter } from './conntrack.ts';
export { directoryUsage, fileSystemUsage, overlayWorks, type FileSystemUsage } from './disk.ts';
export { goArchitecture, hasCapability, machineCpuNanoseconds, machineInfo, machineMemory, type MachineInfo } from './machine.ts';
export { commandLine, endProcess, findProcesses, isAlive, signalProcess, waitForExit } from './processes.ts';
