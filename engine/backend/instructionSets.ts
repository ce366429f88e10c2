import { existsSync, readFileSync } from 'node:fs';

/** Vector instructions that native kernels are compiled for. */
export interface InstructionSet {
  /** Part of the compiled module's file name. */
  name: 'avx512' | 'avx2';
  /** As users know it. */
  title: string;
  /** What the compiler is told. */
  flags: readonly string[];
  /** What the processor must say of itself, in Linux's words. */
  needs: readonly string[];
}

/** Widest first. */
export const instructionSets: readonly InstructionSet[] = [
  {
    name: 'avx512',
    title: 'AVX-512',
    flags: ['-march=haswell', '-mavx512f', '-mavx512vl', '-mavx512dq', '-mavx512bw'],
    needs: ['avx512f', 'avx512vl', 'avx512dq', 'avx512bw', 'avx2', 'fma', 'bmi2'],
  },
  { name: 'avx2', title: 'AVX2', flags: ['-march=haswell'], needs: ['avx2', 'fma', 'bmi2'] },
];

const processor = '/proc/cpuinfo';

const readFlags = (): ReadonlySet<string> => {
  const line = /^flags\s*:(.*)$/m.exec(readFileSync(processor, 'utf8'));
  return new Set((line?.[1] ?? '').trim().split(' '));
};

let known: ReadonlySet<string> | null = null;

/** Read once: with many processors Linux takes its time to tell of them all. */
const processorFlags = (): ReadonlySet<string> => (known ??= readFlags());

/** What `RETORT_NATIVE_KERNELS` says: `off` keeps to what TensorFlow and WebAssembly bring themselves. */
const wish = (): string | undefined => process.env.RETORT_NATIVE_KERNELS;

export const nativeKernelsAreOff = (): boolean => wish() === 'off';

/** Whether a set is the one that was asked for by name, or none was. */
const isWished = ({ name }: InstructionSet): boolean =>
  name === wish() || !instructionSets.some((set) => set.name === wish());

/** Whether native kernels are compiled and used on this platform: where they were run, Linux on x86-64. */
export const hasNativeKernels = (): boolean =>
  process.platform === 'linux' && process.arch === 'x64' && existsSync(processor);

/** The sets that this processor has, widest first; of those, the one that `RETORT_NATIVE_KERNELS` names. */
export const supportedSets = (): readonly InstructionSet[] => {
  if (!hasNativeKernels()) return [];
  const flags = processorFlags();
  return instructionSets.filter(isWished).filter(({ needs }) => needs.every((name) => flags.has(name)));
};
