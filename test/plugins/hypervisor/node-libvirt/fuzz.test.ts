import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConnectionError, LibvirtError } from 'node-libvirt';
import type { Procedure } from '../../../../plugins/hypervisor/node-libvirt/src/caller.ts';
import { qemuProcedures } from '../../../../plugins/hypervisor/node-libvirt/src/generated/procedures-qemu.ts';
import { remoteEvents, remoteProcedures } from '../../../../plugins/hypervisor/node-libvirt/src/generated/procedures-remote.ts';
import { getAllDomainStats } from '../../../../plugins/hypervisor/node-libvirt/src/stats.ts';
import {
  decodeHeader,
  encodePacket,
  messageStatus,
  messageType,
  packetBytesMax,
} from '../../../../plugins/hypervisor/node-libvirt/src/wire/packet.ts';
import { Router } from '../../../../plugins/hypervisor/node-libvirt/src/wire/router.ts';
import { PacketSplitter } from '../../../../plugins/hypervisor/node-libvirt/src/wire/splitter.ts';
import type { Codec } from '../../../../plugins/hypervisor/node-libvirt/src/xdr/codec.ts';
import { nothing } from '../../../../plugins/hypervisor/node-libvirt/src/xdr/codec.ts';
import { XdrReader } from '../../../../plugins/hypervisor/node-libvirt/src/xdr/reader.ts';
import { valueOf } from './kit/arbitrary.ts';
import { collectGarbage } from './kit/collect-garbage.ts';

const packetsMax = Number(process.env['NODE_LIBVIRT_FUZZ_PACKETS'] ?? 100_000);
const seed = Number(process.env['NODE_LIBVIRT_FUZZ_SEED'] ?? 20_261_126);
/** What one packet may take while it is read, and what all of them together may leave behind. */
const onePacketBytesMax = packetBytesMax;
const leftBytesMax = 16 * 1024 * 1024;
const onePacketMsMax = 2000;

/** A sequence of numbers that is the same for the same seed (mulberry32). */
function randomFrom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A packet as a server would send it, and the procedure it answers, if any. */
interface Sample {
  packet: Buffer;
  procedure: Procedure<unknown, unknown> | undefined;
}

/** Good answers and events of every kind there is. */
function samples(): Sample[] {
  const program = remoteProcedures.connectOpen.program;
  const procedures = [...Object.values(remoteProcedures), ...Object.values(qemuProcedures)] as Procedure<unknown, unknown>[];
  const encode = (header: { number: number; program: number; type: number }, codec: Codec<unknown>, value: unknown) =>
    encodePacket({ ...header, procedure: header.number, serial: 1, status: messageStatus.ok }, codec, value);
  const answers = procedures.flatMap((procedure) =>
    fc.sample(valueOf(procedure.ret), { numRuns: 3, seed }).map((value) => {
      const fast = procedure.number === getAllDomainStats.number && procedure.program === program;
      return {
        packet: encode({ ...procedure, type: messageType.reply }, procedure.ret, value),
        procedure: fast ? getAllDomainStats : procedure,
      };
    }),
  );
  const events = Object.values(remoteEvents).flatMap((event) => {
    const message: Codec<unknown> = event.message;
    return fc.sample(valueOf(message), { numRuns: 3, seed }).map((value) => ({
      packet: encode({ ...event, type: messageType.message }, message, value),
      procedure: undefined,
    }));
  });
  return [...answers, ...events];
}

/** Numbers that lengths and counts are likely to be wrong by. */
const odd = [0, 1, 3, 4, 0x7f, 0xff, 0x100, 0x10000, 0x400000, 0x2000004, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff];

/** The packet with a few things wrong; its own length is mostly put right again, for otherwise little else would be looked at. */
function mutate(sample: Buffer, random: (below: number) => number): Buffer {
  let packet = Buffer.from(sample);
  for (let changes = 1 + random(4); changes > 0 && packet.length > 0; changes--) {
    const at = random(packet.length);
    switch (random(6)) {
      case 0:
        packet[at] = random(256);
        break;
      case 1:
        packet[at]! ^= 1 << random(8);
        break;
      case 2:
        if (packet.length >= 4) packet.writeUInt32BE(odd[random(odd.length)]!, Math.min(at & ~3, packet.length - 4));
        break;
      case 3:
        packet = packet.subarray(0, at);
        break;
      case 4:
        packet = Buffer.concat([packet, Buffer.alloc(random(64), random(256))]);
        break;
      default:
        packet = Buffer.concat([packet.subarray(0, at), packet.subarray(random(packet.length))]);
    }
  }
  if (packet.length >= 4 && random(10) > 0) packet.writeUInt32BE(packet.length, 0);
  return packet;
}

/** Gives the bytes to a client that waits for this answer. What may come of it is an answer, an error of its own kinds, or nothing yet. */
async function receive(bytes: Buffer, { procedure }: Sample, pieceBytes: number): Promise<void> {
  const router = new Router({
    send: () => undefined,
    sendLong: () => Promise.resolve(),
    onMessage: (header, body) => {
      const event = Object.values(remoteEvents).find((one) => one.number === header.procedure);
      event?.message.decode(body);
    },
    callsMax: 10,
    slotsMax: 4,
    timeoutMs: Infinity,
  });
  // The arguments of no procedure matter here, for they are never sent.
  const call = procedure && router.call({ ...procedure, args: nothing }, undefined);
  const settled = call?.catch(expectOwnError);
  const splitter = new PacketSplitter((packet) => router.handle(decodeHeader(packet), packet));
  try {
    for (let at = 0; at < bytes.length; at += pieceBytes) splitter.push(bytes.subarray(at, at + pieceBytes));
  } catch (error) {
    expectOwnError(error);
  }
  router.end(new ConnectionError('closed', 'The packet was the last.'));
  await settled;
}

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function expectOwnError(error: unknown): void {
  if (!(error instanceof ConnectionError) && !(error instanceof LibvirtError)) throw error;
}

test(`${packetsMax} damaged packets do no harm`, { timeout: 60_000 + packetsMax / 2 }, async () => {
  const good = samples();
  const random = randomFrom(seed);
  collectGarbage();
  const before = usedBytes();
  for (let count = 0; count < packetsMax; count++) {
    const sample = good[random(good.length)]!;
    const packet = mutate(sample.packet, random);
    const pieceBytes = random(4) === 0 ? 1 + random(64) : 65_536;
    const started = { atMs: performance.now(), bytes: usedBytes() };
    try {
      await receive(packet, sample, pieceBytes);
    } catch (cause) {
      throw new Error(`Packet ${count} of seed ${seed} did harm: ${packet.toString('hex')}`, { cause });
    }
    const took = { ms: performance.now() - started.atMs, bytes: usedBytes() - started.bytes };
    if (took.ms > onePacketMsMax || took.bytes > onePacketBytesMax)
      throw new Error(`Packet ${count} of seed ${seed} took ${took.ms} ms and ${took.bytes} bytes: ${packet.toString('hex')}`);
  }
  collectGarbage();
  expect(usedBytes() - before).toBeLessThan(leftBytesMax);
});

test('undamaged, every one of them is understood', () => {
  for (const { packet, procedure } of samples()) {
    const reader = new XdrReader(packet, 4);
    const { type } = decodeHeader(reader);
    if (type !== messageType.reply) continue;
    procedure!.ret.decode(reader);
    expect(reader.remaining).toBe(0);
  }
});
