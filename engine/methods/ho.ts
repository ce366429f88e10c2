import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { adversarialLoss, gradientPenalty, hingeLoss, wassersteinLoss } from '../losses/ho';
import { resizeToTeacher } from '../losses/resample';
import { buildCritic, type Critic } from './critic';
import type { Method, Opponent, Prepared, Setup, Shown } from './method';

const options = z.strictObject({
  method: z.literal('ho'),
  ...lossKeys,
  critic: z
    .enum(['hinge', 'wasserstein'])
    .default('hinge')
    .describe(
      '`hinge`: margins of 1. `wasserstein`: values without bound, held back by the gradient penalty as well.',
    ),
  penalty: z
    .number()
    .min(0)
    .default(10)
    .describe('Weight of the gradient penalty; only for `wasserstein`, which takes two derivatives a step.'),
  width: z
    .int()
    .positive()
    .default(64)
    .describe('Channels of the critic’s first layer; they double with every halving of a map.'),
  criticRate: z.number().positive().default(4e-4).describe('The critic’s learning rate.'),
});
type Options = z.infer<typeof options>;

/** Points between the teacher's and the student's logits, one share a sample. */
const between = ({ teacher, student }: Shown, shares: tf.Tensor): tf.Tensor => {
  const [own, its] = [student as tf.Tensor, teacher as tf.Tensor];
  const share = shares.reshape([-1, ...own.shape.slice(1).map(() => 1)]);
  return its.mul(share).add(own.mul(tf.sub(1, share)));
};

const opponentOf = (critic: Critic, parameters: Options): Opponent => ({
  name: 'critic',
  variables: critic.variables,
  optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 },
  learningRate: parameters.criticRate,
  shown: (step) => {
    const teacher = step.teacher().logits;
    return { teacher, student: resizeToTeacher(step.student().logits, teacher) };
  },
  loss: (shown, { drawn }) => {
    const [ofTeacher, ofStudent] = [shown.teacher, shown.student].map((x) =>
      critic.judge(x as tf.Tensor),
    ) as [tf.Tensor, tf.Tensor];
    if (parameters.critic === 'hinge') return hingeLoss(ofTeacher, ofStudent);
    const distance = wassersteinLoss(ofTeacher, ofStudent);
    if (parameters.penalty === 0) return distance;
    const points = between(shown, drawn.shares as tf.Tensor);
    return distance.add(gradientPenalty((x) => critic.judge(x), points).mul(parameters.penalty));
  },
});

export const ho = {
  id: 'ho',
  title: 'Holistic adversarial (HO)',
  summary:
    'A critic learns to tell the student’s logits from the teacher’s, and the student to deceive it: an addition to pixel-wise soft targets.',
  source:
    'Liu et al., Structured Knowledge Distillation for Semantic Segmentation (CVPR 2019), section 3.3; hinge and spectral norm after Miyato et al. (ICLR 2018).',
  url: 'https://arxiv.org/abs/1903.04197',
  guide: {
    formula: 'student: −mean D(zs); critic: mean relu(1 − D(zt)) + mean relu(1 + D(zs))',
    needs: 'A teacher with the same classes; no labels. Best on class maps, beside `pi`.',
    cost: 'A critic with an optimizer of its own that is trained in every step, saved with the run, and dropped. `wasserstein` takes second derivatives.',
    fails:
      'On its own: a critic judges whether logits look like a teacher’s, not whether they are right. With a large weight the two chase each other and the loss swings.',
    decisions: [
      'Hinge with spectral norm is the default; the published code’s Wasserstein critic with gradient penalty is `wasserstein`.',
      'The critic’s two self-attention blocks are left out; maps of any size are halved until they are small, and vectors of logits have a critic of two hidden layers.',
      'Logits are batch-normalised before a hinge critic, and pass a tanh before a Wasserstein one, whose penalty is of single samples.',
      'The critic learns from the logits of the student’s own step, before the student is updated.',
    ],
  },
  tasks: ['classification', 'segmentation'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: 0.1,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => {
    const [teacher] = setup.teachers as [Setup['student']];
    const isHinge = parameters.critic === 'hinge';
    const input = isHinge ? 'batch-norm' : 'tanh';
    const critic = buildCritic(teacher.info.outputShape, input, parameters.width, setup.random('critic'));
    return {
      taps: { student: [], teachers: [[]] },
      memory: critic.memory,
      opponents: [opponentOf(critic, parameters)],
      ...(isHinge
        ? {}
        : {
            draw: (random, { size }) => ({
              shares: tf.tensor1d(Float32Array.from({ length: size }, () => random.uniform())),
            }),
          }),
      losses: (step) => {
        const own = resizeToTeacher(step.student().logits, step.teacher().logits);
        return { '': adversarialLoss(critic.judge(own)) };
      },
      remember: () => critic.refine(),
    };
  },
} satisfies Method<Options>;
