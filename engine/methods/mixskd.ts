import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { batchNorm, conv, linear, relu, sequence } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import { crossEntropy } from '../losses/crossEntropy';
import { scaleGradient } from '../losses/gradient';
import {
  discrimination,
  mixConsistency,
  mixedCrossEntropy,
  mixFeatureLoss,
  mixture,
  type MixedLogits,
} from '../losses/mixskd';
import { averagePoolTo } from '../losses/resample';
import { auxiliaryBranch, type Branch } from './branch';
import { asVectors } from './featureTap';
import type { Method, Module, Prepared, Setup, Step } from './method';
import { drawMixture } from './mixtures';
import { stageTaps, type StageTap } from './stageTaps';

const options = z.strictObject({
  method: z.literal('mixskd'),
  ...lossKeys,
  alpha: z
    .number()
    .positive()
    .default(0.4)
    .describe('How evenly two pictures are mixed: λ is drawn from Beta(alpha, alpha); 0.2 for ImageNet.'),
  temperature: z.number().positive().default(3).describe('Softens the distributions that are compared.'),
  critic: z
    .enum(['code', 'paper'])
    .default('code')
    .describe('As published code the features help the discriminator; as in the paper they deceive it.'),
});
type Options = z.infer<typeof options>;

/** A stage of the student: its features, those of the last stage as they are, and for the others a classifier of its own. */
interface Stage {
  tap: StageTap;
  branch: Branch | null;
  discriminator: Module;
}

interface Modules {
  stages: Stage[];
  /** All stages' features, side by side, to features that the self-teacher classifies. */
  fuse: Module;
  classify: Module;
}

const build = (setup: Setup): Modules => {
  const taps = stageTaps(setup.student, 'mixskd');
  const last = taps.at(-1) as StageTap;
  const channels = last.shape[2];
  const stages = taps.map((tap, index): Stage => {
    const name = `stage${index}`;
    const random = setup.random(name);
    const branch = tap === last ? null : auxiliaryBranch(tap.shape, last.shape, setup.classes, random, name);
    const discriminator = sequence(
      linear(channels, 128, random, `${name}/critic/hidden`),
      relu,
      linear(128, 2, random, `${name}/critic/out`),
    );
    return { tap, branch, discriminator };
  });
  const random = setup.random('self-teacher');
  return {
    stages,
    fuse: sequence(
      conv(channels * taps.length, channels, { size: 1, kind: 'same' }, random, 'fuse'),
      batchNorm(channels, 'fuse'),
      relu,
    ),
    classify: linear(channels, setup.classes, random, 'self-teacher'),
  };
};

/** How a step's [2N, …] values, originals then mixes, are read. */
interface Mix {
  lambda: tf.Scalar;
  partners: tf.Tensor1D;
  size: number;
}

const mixOf = ({ drawn, batch }: Step): Mix => ({
  lambda: drawn.lambda as tf.Scalar,
  partners: drawn.partners as tf.Tensor1D,
  size: batch.images.shape[0] as number,
});

const originals = (values: tf.Tensor, { size }: Mix): tf.Tensor => tf.slice(values, [0], [size]);

/** The mixture of what was made of the originals, and what was made of the mixtures. */
const compare = (values: tf.Tensor, mix: Mix): MixedLogits => {
  const own = originals(values, mix);
  return {
    mixture: mixture(own, own.gather(mix.partners), mix.lambda),
    mixed: tf.slice(values, [mix.size], [mix.size]),
  };
};

const featuresOf = ({ stages }: Modules, step: Step): tf.Tensor4D[] => {
  const outputs = step.student(step.view);
  const { shape } = (stages.at(-1) as Stage).tap;
  return stages.map(({ tap, branch }) => {
    const map = outputs.tap(tap.name);
    return averagePoolTo(branch ? branch.features(map, true) : (map as tf.Tensor4D), shape[0], shape[1]);
  });
};

const sum = (terms: readonly tf.Scalar[]): tf.Scalar =>
  terms.length > 0 ? tf.addN([...terms]) : tf.scalar(0);

const criticLoss = (stage: Stage, features: MixedLogits, form: Options['critic']): tf.Scalar => {
  const judge = (values: tf.Tensor): tf.Tensor2D => {
    const seen = asVectors(values);
    return stage.discriminator.apply(
      form === 'paper' ? scaleGradient(seen, tf.scalar(-1)) : seen,
      true,
    ) as tf.Tensor2D;
  };
  return discrimination(judge(features.mixture), judge(features.mixed));
};

const lossesOf = (modules: Modules, step: Step, parameters: Options): Record<string, tf.Scalar> => {
  const { temperature, critic } = parameters;
  const { stages, fuse, classify } = modules;
  const mix = mixOf(step);
  const { labels } = step.batch;
  const others = labels.gather(mix.partners);
  const features = featuresOf(modules, step);
  const logits = stages.flatMap(({ branch }, index) =>
    branch ? [branch.logits(features[index] as tf.Tensor4D)] : [],
  );
  const final = compare(step.student(step.view).logits, mix);
  const teacher = compare(classify.apply(asVectors(fuse.apply(tf.concat(features, 3), true)), true), mix);
  const heads = logits.map((values) => compare(values, mix));
  const pairs = features.map((values) => compare(values, mix));
  return {
    labels: sum(logits.map((values) => crossEntropy(originals(values, mix), labels))),
    mixedLabels: sum(
      [...heads, final, teacher].map(({ mixed }) => mixedCrossEntropy(mixed, labels, others, mix.lambda)),
    ),
    heads: sum(heads.map((head) => mixConsistency(head, head, temperature))),
    final: mixConsistency(final, teacher, temperature),
    features: sum(pairs.map((pair) => mixFeatureLoss(pair.mixture, pair.mixed))),
    critic: sum(pairs.map((pair, index) => criticLoss(stages[index] as Stage, pair, critic))),
  };
};

/**
 * MixSKD: the student teaches itself that the mixture of its predictions is its prediction of the mixture. One pass holds
 * the batch and its mixtures x̃ = λ xa + (1 − λ) xb, λ ~ Beta(α, α), b a permutation of the batch. The sum, all weights 1,
 * T 3, of the classifiers' cross-entropies on originals (`labels`) and on mixtures (`mixedLabels`, self-teacher and final
 * head included), each auxiliary head's consistency (`heads`), the final head's with the self-teacher, crosswise (`final`),
 * mean (F̂ − F̃)² of every stage's features (`features`) and a discriminator's binary cross-entropy (`critic`). The final
 * head's cross-entropy on originals is the recipe's `task`.
 *
 * Defaults are those of the CIFAR code. Decided here: the cross-entropy on mixtures counts, as in the paper and the ImageNet
 * script (the CIFAR script leaves it out of its sum); the critic is trained with the rest and the features help it, as in the
 * code (`critic: paper` turns the gradient round before it); auxiliary branches are strided convolutions instead of copies of
 * the remaining stages; the last stage's features are compared as they are; λ is one number for a batch.
 */
export const mixskd = {
  id: 'mixskd',
  title: 'Self-distillation from mixtures (MixSKD)',
  summary:
    'Needs no teacher: what the student says of two mixed pictures must mix what it says of each; costs two passes a step.',
  source: 'Yang et al., MixSKD: Self-Knowledge Distillation from Mixup for Image Recognition (ECCV 2022).',
  url: 'https://arxiv.org/abs/2208.05768',
  guide: {
    formula:
      'CE of the mixtures + T² · KL between the mixture of predictions and the prediction of the mixture, at every head, both ways + mean (F̂ − F̃)² + critics',
    needs: 'Labels; no teacher.',
    cost: 'Two pictures for each one, classifiers at the stages, and a self-teacher on their fused features.',
    fails: 'In short runs, and on pictures where mixing two gives nothing that could be seen.',
    decisions: [
      'The published CIFAR code computes the mixtures’ cross-entropy and leaves it out of the sum; here it counts, as in the paper.',
      'The critics are trained along by default as in the code; `critic` “paper” reverses their gradient.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => {
    const modules = build(setup);
    const parts = [
      ...modules.stages.flatMap(({ branch, discriminator }) => [...(branch ? [branch] : []), discriminator]),
      modules.fuse,
      modules.classify,
    ];
    return {
      taps: { student: modules.stages.map(({ tap }) => tap.name), teachers: [] },
      variables: new Map(parts.flatMap(({ variables }) => [...variables])),
      memory: new Map(parts.flatMap(({ statistics }) => [...(statistics ?? [])])),
      draw: (random, { size }) => drawMixture(parameters.alpha, size, random),
      view: ({ images }, { lambda, partners }) => ({
        images: tf.concat([
          images,
          mixture(images, images.gather(partners as tf.Tensor1D), lambda as tf.Scalar),
        ]),
        originals: { begin: 0, size: images.shape[0] as number },
      }),
      losses: (step) => lossesOf(modules, step, parameters),
    };
  },
} satisfies Method<Options>;
