import type { CallOptions, Procedure } from './caller.ts';
import { DomainEventID } from './generated/constants-domain.ts';
import { NetworkEventID } from './generated/constants-network.ts';
import { NodeDeviceEventID } from './generated/constants-nodedev.ts';
import { SecretEventID } from './generated/constants-secret.ts';
import { StoragePoolEventID } from './generated/constants-storage.ts';
import { qemuEvents, qemuProcedures as qemu } from './generated/procedures-qemu.ts';
import { remoteEvents as event, remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { Codec } from './xdr/codec.ts';

/** What can be called, such as a session. */
interface Callable {
  call<A, R>(procedure: Procedure<A, R>, args: A, options?: CallOptions): Promise<R>;
}

/** How one group of events is asked for and given up. */
export interface Registry {
  register(on: Callable, eventID: number): Promise<{ callbackID: number }>;
  deregister(on: Callable, callbackID: number): Promise<void>;
}

/** One kind of event: libvirt's number for asking for it, and how its message looks. */
export interface EventKind<M> {
  readonly id: number;
  readonly event: { readonly program: number; readonly number: number; readonly message: Codec<M> };
  readonly registry: Registry;
}

/** The message of a kind of event as the protocol has it. */
export type MessageOf<K> = K extends EventKind<infer M> ? M : never;

const domains: Registry = {
  register: (on, eventID) => on.call(remote.connectDomainEventCallbackRegisterAny, { eventID, dom: null }),
  deregister: (on, callbackID) => on.call(remote.connectDomainEventCallbackDeregisterAny, { callbackID }),
};
const networks: Registry = {
  register: (on, eventID) => on.call(remote.connectNetworkEventRegisterAny, { eventID, net: null }),
  deregister: (on, callbackID) => on.call(remote.connectNetworkEventDeregisterAny, { callbackID }),
};
const pools: Registry = {
  register: (on, eventID) => on.call(remote.connectStoragePoolEventRegisterAny, { eventID, pool: null }),
  deregister: (on, callbackID) => on.call(remote.connectStoragePoolEventDeregisterAny, { callbackID }),
};
const nodeDevices: Registry = {
  register: (on, eventID) => on.call(remote.connectNodeDeviceEventRegisterAny, { eventID, dev: null }),
  deregister: (on, callbackID) => on.call(remote.connectNodeDeviceEventDeregisterAny, { callbackID }),
};
const secrets: Registry = {
  register: (on, eventID) => on.call(remote.connectSecretEventRegisterAny, { eventID, secret: null }),
  deregister: (on, callbackID) => on.call(remote.connectSecretEventDeregisterAny, { callbackID }),
};
const monitor: Registry = {
  register: (on) => on.call(qemu.connectDomainMonitorEventRegister, { dom: null, event: null, flags: 0 }),
  deregister: (on, callbackID) => on.call(qemu.connectDomainMonitorEventDeregister, { callbackID }),
};

/** The events of domains, by a name of their own. */
export const domainEvents = {
  lifecycle: { id: DomainEventID.LIFECYCLE, event: event.domainEventCallbackLifecycle, registry: domains },
  reboot: { id: DomainEventID.REBOOT, event: event.domainEventCallbackReboot, registry: domains },
  rtcChange: { id: DomainEventID.RTC_CHANGE, event: event.domainEventCallbackRtcChange, registry: domains },
  watchdog: { id: DomainEventID.WATCHDOG, event: event.domainEventCallbackWatchdog, registry: domains },
  graphics: { id: DomainEventID.GRAPHICS, event: event.domainEventCallbackGraphics, registry: domains },
  ioError: { id: DomainEventID.IO_ERROR_REASON, event: event.domainEventCallbackIoErrorReason, registry: domains },
  ioErrorWithoutReason: { id: DomainEventID.IO_ERROR, event: event.domainEventCallbackIoError, registry: domains },
  controlError: { id: DomainEventID.CONTROL_ERROR, event: event.domainEventCallbackControlError, registry: domains },
  blockJob: { id: DomainEventID.BLOCK_JOB_2, event: event.domainEventBlockJob2, registry: domains },
  blockJobByPath: { id: DomainEventID.BLOCK_JOB, event: event.domainEventCallbackBlockJob, registry: domains },
  diskChange: { id: DomainEventID.DISK_CHANGE, event: event.domainEventCallbackDiskChange, registry: domains },
  trayChange: { id: DomainEventID.TRAY_CHANGE, event: event.domainEventCallbackTrayChange, registry: domains },
  pmWakeup: { id: DomainEventID.PMWAKEUP, event: event.domainEventCallbackPmwakeup, registry: domains },
  pmSuspend: { id: DomainEventID.PMSUSPEND, event: event.domainEventCallbackPmsuspend, registry: domains },
  pmSuspendDisk: { id: DomainEventID.PMSUSPEND_DISK, event: event.domainEventCallbackPmsuspendDisk, registry: domains },
  balloonChange: { id: DomainEventID.BALLOON_CHANGE, event: event.domainEventCallbackBalloonChange, registry: domains },
  deviceAdded: { id: DomainEventID.DEVICE_ADDED, event: event.domainEventCallbackDeviceAdded, registry: domains },
  deviceRemoved: { id: DomainEventID.DEVICE_REMOVED, event: event.domainEventCallbackDeviceRemoved, registry: domains },
  deviceRemovalFailed: { id: DomainEventID.DEVICE_REMOVAL_FAILED, event: event.domainEventCallbackDeviceRemovalFailed, registry: domains },
  tunable: { id: DomainEventID.TUNABLE, event: event.domainEventCallbackTunable, registry: domains },
  agentLifecycle: { id: DomainEventID.AGENT_LIFECYCLE, event: event.domainEventCallbackAgentLifecycle, registry: domains },
  migrationIteration: { id: DomainEventID.MIGRATION_ITERATION, event: event.domainEventCallbackMigrationIteration, registry: domains },
  jobCompleted: { id: DomainEventID.JOB_COMPLETED, event: event.domainEventCallbackJobCompleted, registry: domains },
  metadataChange: { id: DomainEventID.METADATA_CHANGE, event: event.domainEventCallbackMetadataChange, registry: domains },
  blockThreshold: { id: DomainEventID.BLOCK_THRESHOLD, event: event.domainEventBlockThreshold, registry: domains },
  memoryFailure: { id: DomainEventID.MEMORY_FAILURE, event: event.domainEventMemoryFailure, registry: domains },
  memoryDeviceSizeChange: {
    id: DomainEventID.MEMORY_DEVICE_SIZE_CHANGE,
    event: event.domainEventMemoryDeviceSizeChange,
    registry: domains,
  },
} as const;

export const networkEvents = {
  lifecycle: { id: NetworkEventID.LIFECYCLE, event: event.networkEventLifecycle, registry: networks },
} as const;

export const storagePoolEvents = {
  lifecycle: { id: StoragePoolEventID.LIFECYCLE, event: event.storagePoolEventLifecycle, registry: pools },
  refresh: { id: StoragePoolEventID.REFRESH, event: event.storagePoolEventRefresh, registry: pools },
} as const;

export const nodeDeviceEvents = {
  lifecycle: { id: NodeDeviceEventID.LIFECYCLE, event: event.nodeDeviceEventLifecycle, registry: nodeDevices },
  update: { id: NodeDeviceEventID.UPDATE, event: event.nodeDeviceEventUpdate, registry: nodeDevices },
} as const;

export const secretEvents = {
  lifecycle: { id: SecretEventID.LIFECYCLE, event: event.secretEventLifecycle, registry: secrets },
  valueChanged: { id: SecretEventID.VALUE_CHANGED, event: event.secretEventValueChanged, registry: secrets },
} as const;

/** What QEMU's monitor says by itself; there is one registration for all of it. */
export const qemuMonitorEvent = { id: 0, event: qemuEvents.domainMonitorEvent, registry: monitor } as const;

export type DomainEventName = keyof typeof domainEvents;
export type NetworkEventName = keyof typeof networkEvents;
export type StoragePoolEventName = keyof typeof storagePoolEvents;
export type NodeDeviceEventName = keyof typeof nodeDeviceEvents;
export type SecretEventName = keyof typeof secretEvents;
/** The message of an event of domains as the protocol has it. */
export type DomainEventMessage<N extends DomainEventName> = MessageOf<(typeof domainEvents)[N]>;
