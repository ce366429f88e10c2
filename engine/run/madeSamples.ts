import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runFiles } from '../contract/run';
import { readArray } from '../data/npy';
import { writeNpz } from '../data/writeNpz';
import type { MadeSamples } from '../methods/method';
import type { Stage } from '../training/stage';
import type { Recorder } from './recorder';

const write = (file: string, { count, images, targets }: MadeSamples): Promise<void> =>
  writeNpz(file, {
    images: { shape: [count, images.length / count], values: images },
    targets: { shape: [count, targets.length / count], values: targets },
  });

const read = async (file: string): Promise<MadeSamples> => {
  const [images, targets] = await Promise.all([
    readArray(`${file}#images`, 'made samples'),
    readArray(`${file}#targets`, 'made samples'),
  ]);
  return { count: targets.shape[0] ?? 0, images: images.values, targets: Float32Array.from(targets.values) };
};

/**
 * Hands every method of a stage the samples that it makes: out of `samples/<label>.npz` of the run, or made now and kept
 * there. What is trained on is what the file holds, also in the process that made it.
 */
export const provideSamples = async (run: string, stage: Stage, recorder: Recorder): Promise<void> => {
  if (stage.only) return;
  for (const { label, prepared } of stage.terms) {
    if (!prepared.samples) continue;
    const file = join(run, runFiles.samples, `${label}.npz`);
    if (!existsSync(file)) {
      await mkdir(join(run, runFiles.samples), { recursive: true });
      const made = await prepared.samples.make();
      await write(file, made);
      await recorder.event('info', `${label} made ${made.count} samples: ${runFiles.samples}/${label}.npz.`);
    }
    prepared.samples.use(await read(file));
  }
};
