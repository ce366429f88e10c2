import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readState } from '../../engine/run/folder';
import { startRun } from '../../engine/run/start';
import { tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;
beforeEach(async () => {
  project = await tinyProject();
});
afterEach(() => project.remove());

describe('a run on the wasm backend', () => {
  it('trains to the end, learns, and keeps no memory from epoch to epoch', async () => {
    await project.change({ backend: 'wasm', control: false });
    const held: number[] = [];
    const report = await startRun(project.recipe, {
      onFolder: () => undefined,
      onState: (state) => {
        const stage = state.stages[state.stage];
        if (stage?.name !== 'student' || state.step % stage.stepsPerEpoch !== 1) return;
        held[state.epoch] ??= (tf.backend() as unknown as { numDataIds(): number }).numDataIds();
      },
    });
    expect(report).toMatchObject({ status: 'done', backend: { name: 'wasm' } });
    expect(report.teacher?.metrics.acc).toBeGreaterThan(0.6);
    expect(report.student.metrics.acc).toBeGreaterThan(0.4);
    expect(held[4]).toBeGreaterThan(0);
    expect(held[4]).toBe(held[2]);
    expect(await readState(report.run)).toMatchObject({ status: 'done', failure: null });
  });
});
