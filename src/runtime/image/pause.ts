// The first process of every pod sandbox: it holds the namespaces and reaps orphans, and does nothing else.
// An ELF file of some 200 bytes written here by hand, so that no package and no compiler is needed: ignoring
// SIGCHLD makes the kernel reap whatever is handed to process 1, and then it sleeps for ever.
import type { Random } from '#base/random.ts';
import { goArchitecture } from '#linux';
import { buildImage, type BuiltImage } from './build.ts';

interface Machine {
  /** e_machine of the ELF header. */
  readonly elf: number;
  readonly code: readonly number[];
}

/** Kernel's struct sigaction: handler SIG_IGN (1), flags, restorer, mask; all but the first zero. */
const sigaction = [1, ...Array.from({ length: 31 }, () => 0)];

const machines: Readonly<Record<string, Machine>> = {
  amd64: {
    elf: 62,
    code: [
      0xb8, 13, 0, 0, 0, //                  mov eax, 13 (rt_sigaction)
      0xbf, 17, 0, 0, 0, //                  mov edi, 17 (SIGCHLD)
      0x48, 0x8d, 0x35, 0x15, 0, 0, 0, //    lea rsi, [rip + 21] (the sigaction below)
      0x31, 0xd2, //                         xor edx, edx
      0x41, 0xba, 8, 0, 0, 0, //             mov r10d, 8 (size of the mask)
      0x0f, 0x05, //                         syscall
      0xb8, 34, 0, 0, 0, //           loop:  mov eax, 34 (pause)
      0x0f, 0x05, //                         syscall
      0xeb, 0xf7, //                         jmp loop
      0x90, 0x90, //                         (padding)
      ...sigaction,
    ],
  },
  arm64: {
    elf: 183,
    code: [
      0xc8, 0x10, 0x80, 0xd2, //             mov x8, 134 (rt_sigaction)
      0x20, 0x02, 0x80, 0xd2, //             mov x0, 17 (SIGCHLD)
      0x81, 0x01, 0x00, 0x10, //             adr x1, +48 (the sigaction below)
      0x02, 0x00, 0x80, 0xd2, //             mov x2, 0
      0x03, 0x01, 0x80, 0xd2, //             mov x3, 8 (size of the mask)
      0x01, 0x00, 0x00, 0xd4, //             svc 0
      0x28, 0x09, 0x80, 0xd2, //      loop:  mov x8, 73 (ppoll)
      0x00, 0x00, 0x80, 0xd2, //             mov x0, 0
      0x01, 0x00, 0x80, 0xd2, //             mov x1, 0
      0x02, 0x00, 0x80, 0xd2, //             mov x2, 0 (no time limit)
      0x03, 0x00, 0x80, 0xd2, //             mov x3, 0
      0x04, 0x00, 0x80, 0xd2, //             mov x4, 0
      0x01, 0x00, 0x00, 0xd4, //             svc 0
      0xf9, 0xff, 0xff, 0x17, //             b loop
      ...sigaction,
    ],
  },
};

/** The executable for an architecture (Go's name): 64-bit ELF with one read-execute segment. */
export function pauseBinary(architecture: string): Uint8Array {
  const machine = machines[architecture];
  if (machine === undefined) throw new Error(`no pause program for ${architecture}: only ${Object.keys(machines).join(' and ')} are known`);
  const headerSize = 64 + 56;
  const base = 0x400000n;
  const file = Buffer.alloc(headerSize + machine.code.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16); // executable
  file.writeUInt16LE(machine.elf, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(base + BigInt(headerSize), 24); // entry
  file.writeBigUInt64LE(64n, 32); // program headers
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64); // PT_LOAD
  file.writeUInt32LE(5, 68); // read, execute
  file.writeBigUInt64LE(base, 80);
  file.writeBigUInt64LE(base, 88);
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x10000n, 112);
  file.set(machine.code, headerSize);
  return file;
}

/** Builds the sandbox image into a layout. */
export function buildPauseImage(random: Random, layout: string, name: string, architecture = goArchitecture()): Promise<BuiltImage> {
  return buildImage(random, {
    layout,
    name,
    architecture,
    layers: [[{ type: 'file', path: '/pause', content: pauseBinary(architecture), mode: 0o755 }]],
    config: { Entrypoint: ['/pause'], User: '65535:65535' },
  });
}
