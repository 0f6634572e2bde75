export { connect } from './connection.ts';
export type { Connection, EventOptions, LifecycleEvent, MessageEvent, Messages } from './connection.ts';
export type { HypervisorKind, NodeInfo } from './connection/host.ts';
export type { ConnectionState, ConnectOptions, StateListener } from './link.ts';
export type { Credentials } from './auth/mechanism.ts';
export type { CallOptions, FlagOptions, Procedure } from './caller.ts';
export type { Domain } from './domain.ts';
export type { BandwidthOptions, BlockInfo, BlockJobInfo } from './domain/block.ts';
export type { IOThreadInfo, VcpuInfo } from './domain/cpus.ts';
export type { JobInfo } from './domain/jobs.ts';
export type { DomainInfo, MetadataChange } from './domain/life.ts';
export type { Screenshot } from './domain/saving.ts';
export type { DomainBackup } from './domain-backup.ts';
export type { DomainCheckpoint } from './domain-checkpoint.ts';
export type { DomainSnapshot } from './domain-snapshot.ts';
export type { ParameterInput, Parameters } from './typed-params.ts';
export type { StoragePool, PoolInfo } from './storage-pool.ts';
export type { StorageVolume, TransferOptions, VolumeInfo } from './storage-volume.ts';
export type { Network, NetworkChange } from './network.ts';
export type { NetworkPort } from './network-port.ts';
export type { NodeDevice } from './node-device.ts';
export type { Interface } from './interface.ts';
export type { NwFilter, NwFilterBinding } from './nwfilter.ts';
export type { Secret } from './secret.ts';
export type { DomainDiskError, DomainFsinfo, DomainInterface, NetworkDhcpLease } from './generated/types-common.ts';
export type { DomainBlockStatsRet } from './generated/types-domain-data.ts';
export type { DomainInterfaceStatsRet } from './generated/types-domain-settings.ts';
export type { Hole, Stream } from './stream.ts';
export type { DomainStats } from './stats.ts';
export type { EventQueue, Gap } from './event-queue.ts';
export type {
  DomainEventMessage,
  DomainEventName,
  NetworkEventName,
  NodeDeviceEventName,
  SecretEventName,
  StoragePoolEventName,
} from './event-kinds.ts';
export type { TypedParameterValue } from './xdr/typed-parameter.ts';
export { ConnectionError, LibvirtError } from './errors.ts';
export type { ConnectionErrorCode, LibvirtErrorDetails } from './errors.ts';
export { lxcProcedures } from './generated/procedures-lxc.ts';
export { qemuProcedures } from './generated/procedures-qemu.ts';
export { remoteProcedures } from './generated/procedures-remote.ts';
export * from './generated/constants-common.ts';
export * from './generated/constants-domain-checkpoint.ts';
export * from './generated/constants-domain-snapshot.ts';
export * from './generated/constants-domain.ts';
export * from './generated/constants-error.ts';
export * from './generated/constants-event.ts';
export * from './generated/constants-host.ts';
export * from './generated/constants-interface.ts';
export * from './generated/constants-network.ts';
export * from './generated/constants-nodedev.ts';
export * from './generated/constants-nwfilter.ts';
export * from './generated/constants-qemu.ts';
export * from './generated/constants-secret.ts';
export * from './generated/constants-storage.ts';
export * from './generated/constants-stream.ts';
export * from './generated/parameter-names.ts';
