import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { candidatesOf } from '../../engine/adapters/candidates';
import { mapMethods, offerMethods, taskOf } from '../../engine/adapters/methodOffers';
import { proposalOf } from '../../engine/adapters/proposal';
import { useBackend } from '../../engine/backend/choose';
import type { Proposal } from '../../engine/contract/profile';
import { methods } from '../../engine/methods/registry';
import type { Network } from '../../engine/models/network';
import {
  denseNetwork,
  depthwiseNetwork,
  hourglassNetwork,
  isotropicNetwork,
  plainNetwork,
  residualNetwork,
} from '../fixtures/families';
import { setupOf } from '../fixtures/tinyRun';
import { tinyMlp } from '../fixtures/tinyNetwork';
import { isThere, open, shared } from './otherModels';

beforeAll(async () => {
  await useBackend('auto');
});

const matched = ({ pairs }: Proposal): string[] =>
  pairs.map(({ teacher, student }) => `${teacher} ${student}`);

const proposed = async (teacher: Network, student: Network): Promise<Proposal> => {
  const before = tf.memory().numTensors;
  const proposal = await proposalOf(teacher, student, null);
  expect(tf.memory().numTensors).toBe(before);
  teacher.dispose();
  if (student !== teacher) student.dispose();
  return proposal;
};

describe('a proposal', () => {
  it.each([
    ['ResNet-20', 3],
    ['ResNet-32', 5],
  ])('matches the stage ends of %s with those of ResNet-8', async (name, blocks) => {
    const teacher = residualNetwork(name, { blocks, widths: [8, 16, 32] });
    const proposal = await proposed(teacher, residualNetwork('resnet-8', { blocks: 1, widths: [4, 8, 16] }));
    expect(matched(proposal)).toEqual([`s1b${blocks} s1b1`, `s2b${blocks} s2b1`, `s3b${blocks} s3b1`]);
    expect(proposal.heads.map(({ teacher, student }) => `${teacher} ${student}`)).toEqual([
      'average average',
      'logits logits',
    ]);
    for (const pair of proposal.pairs) {
      expect(pair.similarity).toBeGreaterThan(0);
      expect(pair.reason).toMatch(/^[A-Z].*\d+x\d+.*\.$/);
      expect(pair.adapters.filter(({ recommended }) => recommended).map(({ kind }) => kind)).toEqual([
        pair.adapter,
      ]);
      expect(pair.adapters.find(({ recommended }) => recommended)?.milliseconds).toBeGreaterThan(0);
      const fits = pair.adapters.flatMap(({ fit }) => fit ?? []);
      expect(fits.length).toBeGreaterThan(2);
      for (const fit of fits) expect(fit).toBeGreaterThanOrEqual(0);
    }
  });

  it('is the identity for two copies of one network, each pair alike and without an adapter', async () => {
    const copy = () => residualNetwork('twin', { blocks: 2, widths: [4, 8, 16], side: 16 });
    const proposal = await proposed(copy(), copy());
    expect(matched(proposal)).toEqual(['s1b2 s1b2', 's2b2 s2b2', 's3b2 s3b2']);
    for (const pair of proposal.pairs) {
      expect(pair.similarity).toBeCloseTo(1, 4);
      expect(pair.adapter).toBe('none');
      expect(pair.adapters[0]).toMatchObject({ kind: 'none', parameters: 0, milliseconds: 0 });
      expect(pair.adapters[0]?.fit).toBeCloseTo(1, 4);
    }
    proposal.similarity.forEach((row, at) => {
      expect(Math.max(...row.map((value) => value ?? 0))).toBeCloseTo(row[at] as number, 4);
    });
  });

  it('is the same every time', async () => {
    const pair = () =>
      proposed(
        plainNetwork('plain', [4, 8], { side: 8 }),
        residualNetwork('small', { blocks: 1, widths: [4, 6], side: 8 }),
      );
    const [one, other] = [await pair(), await pair()];
    expect(one.similarity).toEqual(other.similarity);
    expect(one.pairs.map(({ adapters }) => adapters.map(({ fit }) => fit))).toEqual(
      other.pairs.map(({ adapters }) => adapters.map(({ fit }) => fit)),
    );
  });

  it('matches blocks in order where all maps have one size', async () => {
    const proposal = await proposed(isotropicNetwork('deep', 16, 8), isotropicNetwork('shallow', 8, 4));
    expect(proposal.pairs.length).toBeGreaterThanOrEqual(2);
    const depths = (side: 'teacher' | 'student') =>
      proposal.pairs.map(
        (pair) => proposal.candidates[side].find(({ tap }) => tap === pair[side])?.depth ?? NaN,
      );
    expect(matched(proposal).at(-1)).toBe('relu8 relu4');
    depths('teacher').forEach((depth, at) =>
      expect(Math.abs(depth - (depths('student')[at] as number))).toBeLessThan(0.3),
    );
  });

  it('matches stages by their share of the picture where the inputs differ, and says that a run refuses them', async () => {
    const proposal = await proposed(
      plainNetwork('plain', [8, 16, 32], { side: 28, convolutions: 2 }),
      residualNetwork('residual', { blocks: 1, widths: [4, 8, 16] }),
    );
    expect(matched(proposal)).toEqual(['relu1_2 s1b1', 'relu2_2 s2b1', 'relu3_2 s3b1']);
    expect(proposal.pairs[0]?.similarity).toBeGreaterThan(0);
    expect(proposal.warnings).toEqual([expect.stringContaining('[28, 28, 3]')]);
  });

  it('matches by size across families, and flags what is known to hurt there', async () => {
    const proposal = await proposed(
      plainNetwork('plain', [8, 16, 32, 32], { convolutions: 2 }),
      depthwiseNetwork('depthwise', [4, 8, 16, 32]),
    );
    expect(matched(proposal)).toEqual(['relu1_2 relu1', 'relu2_2 relu2', 'relu3_2 relu3', 'relu4_2 relu4']);
    const flagged = proposal.methods.filter(({ warning }) => warning !== null).map(({ method }) => method);
    expect(flagged).toEqual(['fitnets', 'at']);
    expect(proposal.methods.find(({ method }) => method === 'at')?.warning).toMatch(/59\.4 %.*64\.6 %/);
  });

  it('matches the maps of a network for dense prediction on the way down and up, and its class maps', async () => {
    const proposal = await proposed(hourglassNetwork('large', 8), hourglassNetwork('small', 4));
    expect(matched(proposal)).toEqual(
      ['down1_relu', 'down2_relu', 'bottom_relu', 'up2_relu', 'up1_relu'].map((tap) => `${tap} ${tap}`),
    );
    expect(proposal.heads.map(({ teacher }) => teacher)).toEqual(['logits']);
    const offered = proposal.methods.filter(({ suits }) => suits).map(({ method }) => method);
    expect(offered).toContain('cwd');
    expect(offered).not.toContain('kd');
  });

  it('matches the hidden layers of networks without maps', async () => {
    const proposal = await proposed(denseNetwork('large', [32, 32, 16]), denseNetwork('small', [8, 6]));
    expect(matched(proposal)).toEqual(['hidden2 hidden1', 'hidden3 hidden2']);
    expect(proposal.pairs.map(({ adapter }) => adapter)).toEqual(['linear', 'linear']);
    const offered = proposal.methods.filter(({ suits }) => suits).map(({ method }) => method);
    expect(offered).toContain('fitnets');
    expect(offered).not.toContain('at');
  });

  it('matches a network of maps with one of vectors by what their heads read', async () => {
    const mlp = tinyMlp('mlp', 6, 8, 10);
    const cnn = plainNetwork('cnn', [4, 8], { side: 8, channels: 1 });
    const proposal = await proposed(cnn, mlp);
    expect(matched(proposal)).toEqual(['average hidden']);
    expect(proposal.pairs[0]).toMatchObject({ similarity: null, adapter: 'linear' });
  });

  it('takes a learned stride where one map is twice or half the other', async () => {
    const network = (patch: number) => isotropicNetwork(`patches-${patch}`, 4, 2, patch);
    const adapters = async (teacher: number, student: number) =>
      (await proposed(network(teacher), network(student))).pairs.map(({ adapter }) => adapter);
    expect(new Set(await adapters(8, 4))).toEqual(new Set(['convreg']));
    expect(new Set(await adapters(4, 8))).toEqual(new Set(['convreg']));
  });
});

describe('candidates', () => {
  it('are the stages, what the head reads and the logits, deeper and deeper', () => {
    const network = residualNetwork('resnet', { blocks: 2, side: 16 });
    const candidates = candidatesOf(network.info);
    expect(candidates.map(({ tap, role }) => `${tap} ${role}`)).toEqual([
      's1b2 stage',
      's2b2 stage',
      's3b2 stage',
      'average features',
      'logits logits',
    ]);
    const depths = candidates.map(({ depth }) => depth);
    expect([...depths].sort((one, other) => one - other)).toEqual(depths);
    expect(depths[0]).toBeCloseTo(0.38, 1);
    expect(depths.at(-1)).toBe(1);
    network.dispose();
  });

  it.skipIf(!isThere)('of the trained ResNet-8 are its three stages', async () => {
    const network = await open(join(shared, 'tfjs-layers/mlcommons-resnet8-cifar10/model.json'));
    expect(candidatesOf(network.info).map(({ shape }) => shape.join('x'))).toEqual([
      '32x32x16',
      '16x16x32',
      '8x8x64',
      '64',
      '10',
    ]);
    const proposal = await proposalOf(network, network, null);
    for (const { teacher, student } of proposal.pairs) expect(teacher).toBe(student);
    network.dispose();
  });
});

describe('offered methods', () => {
  const offers = (teacher: Network, student: Network) =>
    offerMethods(methods, {
      task: taskOf(student.info),
      teacher: teacher.info,
      student: student.info,
      pairs: [],
    });

  it('warns of imitation across a wide gap', () => {
    const [large, small] = [
      plainNetwork('large', [64, 64], { side: 8 }),
      plainNetwork('small', [2, 2], { side: 8 }),
    ];
    const flagged = offers(large, small).filter(({ warning }) => warning !== null);
    expect(flagged.map(({ method }) => method)).toContain('kd');
    expect(offers(large, large).every(({ warning }) => warning === null)).toBe(true);
  });

  it('knows which methods need maps', async () => {
    const [teacher, student] = [tinyMlp('large', 16, 4, 3), tinyMlp('small', 4, 4, 3)];
    const ofClasses = methods.filter(
      ({ pairs, tasks }) => pairs === 'features' && tasks.includes('classification'),
    );
    for (const method of ofClasses) {
      const options = method.options.parse({ method: method.id });
      const prepared = Promise.resolve().then(() =>
        method.prepare(setupOf(method, [teacher], student, options.pairs), options),
      );
      if (mapMethods.has(method.id))
        await expect(prepared, method.id).rejects.toThrow(/maps|positions|pictures/);
      else await expect(prepared, method.id).resolves.toBeDefined();
    }
  });
});
