export { FakeLibvirt } from './fake-libvirt.ts';
export type { CallHandler, FakeLibvirtOptions, StreamHandler } from './fake-libvirt.ts';
export type { Fault } from './faults.ts';
export { serveMemory } from './memory/serve-memory.ts';
export type { EmittedEventName, EmittedMessage } from './registrations.ts';
export { libvirtError } from './incoming.ts';
export type { Incoming } from './incoming.ts';
export { messageStatus, messageType, rawBytes } from '../wire/packet.ts';
export type { Header } from '../wire/packet.ts';
