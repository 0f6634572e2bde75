import { Secret } from 'novacron/plugin';
import { z } from 'zod';
import { GIB, MIB, sizeBytes } from './sizes.ts';

const hostName = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'A host name is 1 to 63 of a-z, 0-9 and -.');
const absolute = z.string().regex(/^\/[^\0\n]*$/, 'An absolute path.');
const accelerator = z.enum(['auto', 'kvm', 'tcg']);

const password = z
  .unknown()
  .refine((value): value is Secret => value instanceof Secret, { error: 'must be { "env": "NAME" } or { "file": "/path" }' });

export const HypervisorConfig = z.object({
  hosts: z
    .array(
      z.object({
        name: hostName,
        /** libvirt's connection URI: `qemu:///system`, `qemu+tls://host/system`. */
        uri: z.string().min(1).max(1000),
        /** Where the host asks for a password (SASL). */
        credentials: z.object({ username: z.string().min(1).max(200), password }).optional(),
        /** `auto`: what `accelerator` below says. */
        accelerator: accelerator.default('auto'),
      }),
    )
    .max(64)
    .default([{ name: 'local', uri: 'qemu:///system', accelerator: 'auto' }])
    .refine((hosts) => new Set(hosts.map(({ name }) => name)).size === hosts.length, 'Each host needs a name of its own.'),
  /** `auto`: what setup's probe found out about this machine. A device file is not believed. */
  accelerator: accelerator.default('auto'),
  /** The pool for the disks of VMs; made on each host when it is not there. */
  pool: z.string().min(1).max(60).default('novacron'),
  poolDir: absolute.default('/var/lib/libvirt/novacron'),
  /** Pools whose volumes may be used as images. The disks of other VMs never are. */
  imagePools: z.array(z.string().min(1).max(60)).max(20).default(['novacron']),
  /** Folders on the host whose ISO files may be used as images. */
  isoDirs: z.array(absolute).max(20).default([]),
  network: z
    .string()
    .regex(/^(auto|user|(network|bridge):[A-Za-z0-9_.-]{1,60})$/, "'auto', 'user', 'network:NAME' or 'bridge:NAME'.")
    .default('auto'),
  /** Kernel and initrd of the built-in image; default: what setup built. */
  tiny: z.object({ kernelPath: absolute, initrdPath: absolute }).optional(),
  trashDays: z.number().min(0).max(3650).default(7),
  /** How long a guest gets to shut down in `vm.delete` before it is switched off. */
  deleteGraceSeconds: z.number().min(0).max(600).default(10),
  reconcileSeconds: z.number().min(1).max(3600).default(10),
  limits: z
    .object({
      vcpusMax: z.int().min(1).max(1024).default(64),
      memoryMax: sizeBytes(64 * MIB, 64 * 1024 * GIB).default(1024 * GIB),
      diskMax: sizeBytes(MIB, 1024 * 1024 * GIB).default(16 * 1024 * GIB),
    })
    .prefault({}),
});
export type HypervisorConfig = z.output<typeof HypervisorConfig>;
