import { cpuMap, cpuMapBytes } from '../../cpumap.ts';
import { DomainVcpuFlags, VcpuState } from '../../generated/constants-domain.ts';
import { ErrorCode } from '../../generated/constants-error.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { libvirtError } from '../incoming.ts';
import type { Guest, Guests } from './guests.ts';
import { perGuest } from './guests.ts';
import { hostCpus } from './host.ts';
import { expectFlags } from './store.ts';

type CpuMap = Uint8Array;
const allCpus = cpuMap(Array.from({ length: hostCpus }, (_, cpu) => cpu));

/** The map in as many bytes as the client wants. */
function fit(map: CpuMap, lengthBytes: number): CpuMap {
  const fitted = new Uint8Array(lengthBytes);
  fitted.set(map.subarray(0, lengthBytes));
  return fitted;
}

/** CPUs that the host does not have are left out; none at all are refused. */
function onHost(map: CpuMap): CpuMap {
  const kept = fit(map, cpuMapBytes(hostCpus)).map((byte, at) => byte & (allCpus[at] ?? 0));
  if (kept.every((byte) => byte === 0)) throw libvirtError(ErrorCode.INVALID_ARG, 'The host has none of these CPUs.');
  return kept;
}

/** Virtual CPUs and threads, and where they may run. */
export function serveCpus(fake: FakeLibvirt, guests: Guests): void {
  const { of, active } = guests;
  const pins = perGuest(() => ({ emulator: allCpus, vcpus: new Map<number, CpuMap>() }));
  const vcpuMaps = (guest: Guest, count: number, lengthBytes: number): CpuMap =>
    Buffer.concat(Array.from({ length: count }, (_, vcpu) => fit(pins(guest).vcpus.get(vcpu) ?? allCpus, lengthBytes)));

  fake.answer(remote.domainGetMaxVcpus, (args) => ({ num: of(args).maxVcpus }));
  fake.answer(remote.domainGetVcpusFlags, (args) => {
    const { vcpus, maxVcpus } = of(args);
    return { num: (args.flags & DomainVcpuFlags.MAXIMUM) === 0 ? vcpus : maxVcpus };
  });
  fake.answer(remote.domainSetVcpusFlags, (args) => {
    expectFlags(args.flags, DomainVcpuFlags.LIVE | DomainVcpuFlags.CONFIG | DomainVcpuFlags.MAXIMUM);
    const guest = of(args);
    const isMaximum = (args.flags & DomainVcpuFlags.MAXIMUM) !== 0;
    if (args.nvcpus < 1 || (!isMaximum && args.nvcpus > guest.maxVcpus))
      throw libvirtError(ErrorCode.INVALID_ARG, `A domain with room for ${guest.maxVcpus} virtual CPUs cannot have ${args.nvcpus}.`);
    if (isMaximum) guest.maxVcpus = args.nvcpus;
    guest.vcpus = isMaximum ? Math.min(guest.vcpus, args.nvcpus) : args.nvcpus;
  });
  fake.answer(remote.domainGetVcpus, (args) => {
    const guest = active(args);
    const count = Math.min(guest.vcpus, args.maxinfo);
    const info = Array.from({ length: count }, (_, number) => ({ number, state: VcpuState.RUNNING, cpuTime: 0n, cpu: 0 }));
    return { info, cpumaps: vcpuMaps(guest, count, args.maplen) };
  });
  fake.answer(remote.domainPinVcpuFlags, (args) => {
    const guest = of(args);
    if (args.vcpu >= guest.maxVcpus) throw libvirtError(ErrorCode.INVALID_ARG, `There is no virtual CPU ${args.vcpu}.`);
    pins(guest).vcpus.set(args.vcpu, onHost(args.cpumap));
  });
  fake.answer(remote.domainGetVcpuPinInfo, (args) => {
    const guest = of(args);
    const num = Math.min(guest.vcpus, args.ncpumaps);
    return { cpumaps: vcpuMaps(guest, num, args.maplen), num };
  });
  fake.answer(remote.domainPinEmulator, (args) => void (pins(of(args)).emulator = onHost(args.cpumap)));
  fake.answer(remote.domainGetEmulatorPinInfo, (args) => ({ cpumaps: fit(pins(of(args)).emulator, args.maplen), ret: 1 }));
  serveIOThreads(fake, guests);
}

function serveIOThreads(fake: FakeLibvirt, { of }: Guests): void {
  const threads = perGuest(() => new Map<number, CpuMap>());
  const expect = (all: Map<number, CpuMap>, id: number, there: boolean) => {
    if (all.has(id) !== there) throw libvirtError(ErrorCode.INVALID_ARG, `There is ${there ? 'no' : 'an'} I/O thread ${id}.`);
  };
  fake.answer(remote.domainGetIothreadInfo, (args) => {
    const info = [...threads(of(args))].map(([iothreadId, cpumap]) => ({ iothreadId, cpumap }));
    return { info, ret: info.length };
  });
  fake.answer(remote.domainAddIothread, ({ iothreadId, ...args }) => {
    expect(threads(of(args)), iothreadId, false);
    threads(of(args)).set(iothreadId, allCpus);
  });
  fake.answer(remote.domainPinIothread, ({ iothreadsId, cpumap, ...args }) => {
    expect(threads(of(args)), iothreadsId, true);
    threads(of(args)).set(iothreadsId, onHost(cpumap));
  });
  fake.answer(remote.domainDelIothread, ({ iothreadId, ...args }) => {
    expect(threads(of(args)), iothreadId, true);
    threads(of(args)).delete(iothreadId);
  });
}
