import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedRuntimes } from '../../engine/backend/runtime';
import { runFiles, type RunState } from '../../engine/contract/run';
import { nodeMajors, nodeProgram } from '../../setup/nodes.mjs';
import { engineFile } from './command';
import { tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;
beforeAll(async () => {
  project = await tinyProject();
  await project.change({ training: { epochs: 1, batchSize: 96 }, control: false, backend: 'tensorflow' });
});
afterAll(() => project.remove());

const programFor = (major: string): string =>
  process.versions.node.startsWith(`${major}.`) ? process.execPath : nodeProgram(major);

const train = async (node: string): Promise<RunState> => {
  const args = [engineFile, 'run', project.recipe, '--json'];
  const { stdout, stderr } = await promisify(execFile)(node, args, { cwd: project.folder });
  expect(stderr).not.toMatch(/deprecat|warning|tensorflow\/core/i);
  const { run } = JSON.parse(stdout) as { run: string };
  return JSON.parse(await readFile(join(run, runFiles.state), 'utf8')) as RunState;
};

describe.each(nodeMajors)('Node %s', (major) => {
  it('trains with the native binding, without a line of TensorFlow’s or Node’s', async (context) => {
    const node = programFor(major);
    if (installedRuntimes().length === 0)
      return context.skip('TensorFlow is not installed; run `retort backends --install`');
    if (!existsSync(node)) return context.skip(`Node ${major} could not be fetched; see the set-up's lines`);
    const version = await promisify(execFile)(node, ['--version']);
    expect(version.stdout).toMatch(new RegExp(`^v${major}\\.`));
    const state = await train(node);
    expect(state.status).toBe('done');
    expect(state.backend?.name).toBe('tensorflow');
    expect(state.latest['student/loss']).toBeLessThan(10);
  });
});
