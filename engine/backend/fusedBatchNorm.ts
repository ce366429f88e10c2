import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';

export interface FusedBatchNorm {
  /** x normalised, scaled and shifted; same shape as x. Its gradient reaches x, gamma and beta. */
  normalised: tf.Tensor;
  /** The batch's mean, [channels]. No gradient. */
  mean: tf.Tensor;
  /** The batch's variance, [channels]: biased (divided by the count), as tfjs-layers keeps it. No gradient. */
  variance: tf.Tensor;
}

/** What a backend does of it. */
interface FusedKernels {
  /** The normalised x, its mean and its biased variance, and what `backward` needs besides x and gamma. */
  forward(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: number): tf.Tensor[];
  /** dx, dgamma, dbeta; `saved` is x, gamma and the rest of what `forward` gave. */
  backward(dy: tf.Tensor, saved: tf.Tensor[], epsilon: number): tf.Tensor[];
}

const attributes = (backend: NodeJSKernelBackend, epsilon: number) => {
  const { TF_ATTR_TYPE, TF_ATTR_FLOAT, TF_ATTR_BOOL, TF_ATTR_STRING, TF_FLOAT } = backend.binding;
  return [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'U', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'epsilon', type: TF_ATTR_FLOAT, value: epsilon },
    { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' },
    { name: 'is_training', type: TF_ATTR_BOOL, value: true },
  ];
};

/** [batch, …, channels] as the four axes that the operation takes. */
const asMaps = (x: tf.Tensor): tf.Tensor => {
  const channels = x.shape.at(-1) ?? 1;
  return x.rank === 4 ? x : tf.reshape(x, [x.size / channels, 1, 1, channels]);
};

/** FusedBatchNormV3 and FusedBatchNormGradV3. */
const tensorflow: FusedKernels = {
  forward: (x, gamma, beta, epsilon) => {
    const backend = tf.backend() as NodeJSKernelBackend;
    const none = tf.tensor1d([]);
    const average = { name: 'exponential_avg_factor', type: backend.binding.TF_ATTR_FLOAT, value: 1 };
    const inputs = [asMaps(x), gamma, beta, none, none];
    const [y, mean, variance, ...reserved] = backend.executeMultipleOutputs(
      'FusedBatchNormV3',
      [...attributes(backend, epsilon), average],
      inputs,
      6,
    ) as [tf.Tensor, tf.Tensor, tf.Tensor, ...tf.Tensor[]];
    const count = x.size / gamma.size;
    // The operation divides by count - 1 (Bessel's correction) where there is more than one value.
    const biased = tf.mul(variance, count > 1 ? (count - 1) / count : 1);
    return [tf.reshape(y, x.shape), mean, biased, ...reserved];
  },
  backward: (dy, saved, epsilon) => {
    const backend = tf.backend() as NodeJSKernelBackend;
    const [x, ...rest] = saved as [tf.Tensor, ...tf.Tensor[]];
    const inputs = [asMaps(dy), asMaps(x), ...rest];
    const [dx, dGamma, dBeta] = backend.executeMultipleOutputs(
      'FusedBatchNormGradV3',
      attributes(backend, epsilon),
      inputs,
      5,
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return [tf.reshape(dx, x.shape), dGamma, dBeta];
  },
};

/** The kernels of `wasm/batchNorm`. */
const wasm: FusedKernels = {
  forward: (x, gamma, beta, epsilon) => {
    const [y, mean, variance] = tf
      .engine()
      .runKernel<tf.Tensor[]>('BatchNormTraining', { x, gamma, beta }, { epsilon }) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    return [y, mean, variance, mean, variance];
  },
  backward: (dy, saved, epsilon) => {
    const [x, gamma, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    return tf.engine().runKernel('BatchNormTrainingGrad', { dy, x, gamma, mean, variance }, { epsilon });
  },
};

const fusedKernels = (): FusedKernels | undefined =>
  (({ tensorflow, wasm }) as Partial<Record<string, FusedKernels>>)[tf.getBackend()];

/** Whether {@link fusedBatchNorm} can be used: TensorFlow and wasm have the operation. */
export const canFuseBatchNorm = (): boolean => fusedKernels() !== undefined;

/**
 * Batch normalisation with the batch's own statistics (Ioffe and Szegedy, 2015) over all axes but the last, as one
 * operation with its gradient as another. `x` is [batch, …, channels]; `gamma` and `beta` are [channels]; all float32.
 * Statistics are the caller's to dispose.
 */
export const fusedBatchNorm = (
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
): FusedBatchNorm => {
  const kernels = fusedKernels();
  if (!kernels) throw new Error(`${tf.getBackend()} has no fused batch normalisation`);
  let statistics: Omit<FusedBatchNorm, 'normalised'> | undefined;
  const normalise = tf.customGrad((...args) => {
    const [input, scale, offset, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const [value, mean, variance, ...reserved] = kernels.forward(input, scale, offset, epsilon) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      ...tf.Tensor[],
    ];
    statistics = { mean: tf.keep(mean), variance: tf.keep(variance) };
    save([input, scale, ...reserved]);
    return { value, gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => kernels.backward(dy, saved, epsilon) };
  });
  const normalised = normalise(x, gamma, beta);
  if (!statistics) throw new Error('the forward pass of the fused batch normalisation was not run');
  return { normalised, ...statistics };
};
