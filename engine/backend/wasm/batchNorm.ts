import * as tf from '@tensorflow/tfjs';
import { affine, momentsOfColumns, sumProducts, type Matrix } from './columns';
import type { KernelModule } from './kernelModule';
import { replaceKernel, type KernelCall } from './replaceKernel';

const matrixOf = (x: tf.TensorInfo): Matrix => {
  const channels = x.shape.at(-1) ?? 1;
  return { rows: tf.util.sizeFromShape(x.shape) / channels, channels };
};

const inverseDeviations = (variance: Float32Array, epsilon: number): Float64Array =>
  Float64Array.from(variance, (value) => 1 / Math.sqrt(value + epsilon));

/** Normalisation with given statistics: x times one number a channel plus another. */
const inference = (kernels: KernelModule, call: KernelCall): tf.TensorInfo => {
  const x = call.input('x');
  const out = call.output(x.shape);
  const values = (name: string): Float32Array | undefined => {
    const input = call.optional(name);
    return input && call.floats(input);
  };
  const [mean, gamma, beta] = [call.floats(call.input('mean')), values('scale'), values('offset')];
  const deviations = inverseDeviations(
    call.floats(call.input('variance')),
    call.attribute('varianceEpsilon'),
  );
  const scale = deviations.map((value, channel) => value * (gamma?.[channel] ?? 1));
  const shift = scale.map((value, channel) => (beta?.[channel] ?? 0) - (mean[channel] ?? 0) * value);
  const addresses = { x: call.address(x), y: 0, out: call.address(out) };
  affine(kernels, { ...addresses, scale, other: [], shift }, matrixOf(x));
  return out;
};

/** Inputs x, gamma, beta; outputs the normalised x and the batch's mean and biased variance. */
const training = (kernels: KernelModule, call: KernelCall): tf.TensorInfo[] => {
  const x = call.input('x');
  const matrix = matrixOf(x);
  const [out, mean, variance] = [x.shape, [matrix.channels], [matrix.channels]].map((shape) =>
    call.output(shape),
  ) as [tf.TensorInfo, tf.TensorInfo, tf.TensorInfo];
  const address = call.address(x);
  momentsOfColumns(
    kernels,
    { x: address, mean: call.address(mean), variance: call.address(variance) },
    matrix,
  );
  const [gamma, beta] = [call.floats(call.input('gamma')), call.floats(call.input('beta'))];
  const [means, epsilon] = [call.floats(mean), call.attribute<number>('epsilon')];
  const scale = inverseDeviations(call.floats(variance), epsilon).map(
    (value, channel) => value * (gamma[channel] ?? NaN),
  );
  const shift = scale.map((value, channel) => (beta[channel] ?? NaN) - (means[channel] ?? NaN) * value);
  affine(kernels, { x: address, y: 0, out: call.address(out), scale, other: [], shift }, matrix);
  return [out, mean, variance];
};

/** Inputs dy, x, gamma, mean, variance; outputs dx, dgamma, dbeta in closed form (Ioffe and Szegedy, 2015). */
const gradient = (kernels: KernelModule, call: KernelCall): tf.TensorInfo[] => {
  const [dy, x, meanInput] = [call.input('dy'), call.input('x'), call.input('mean')];
  const matrix = matrixOf(x);
  const [dx, dGamma, dBeta] = [x.shape, [matrix.channels], [matrix.channels]].map((shape) =>
    call.output(shape),
  ) as [tf.TensorInfo, tf.TensorInfo, tf.TensorInfo];
  const [xAt, dyAt, sums, products] = [x, dy, dBeta, dGamma].map((tensor) => call.address(tensor)) as [
    number,
    number,
    number,
    number,
  ];
  sumProducts(kernels, { x: xAt, dy: dyAt, mean: call.address(meanInput), sums, products }, matrix);
  const [gamma, mean] = [call.floats(call.input('gamma')), call.floats(meanInput)];
  const [gammaGradient, betaGradient] = [call.floats(dGamma), call.floats(dBeta)];
  const deviations = inverseDeviations(call.floats(call.input('variance')), call.attribute('epsilon'));
  const at = (values: Float32Array, channel: number): number => values[channel] ?? NaN;
  gammaGradient.forEach((sum, channel) => (gammaGradient[channel] = sum * (deviations[channel] ?? NaN)));
  const scale = deviations.map((deviation, channel) => deviation * at(gamma, channel));
  const other = scale.map(
    (value, channel) => (-value * (deviations[channel] ?? NaN) * at(gammaGradient, channel)) / matrix.rows,
  );
  const shift = scale.map(
    (value, channel) =>
      (-value * at(betaGradient, channel)) / matrix.rows - (other[channel] ?? NaN) * at(mean, channel),
  );
  affine(kernels, { x: dyAt, y: xAt, out: call.address(dx), scale, other, shift }, matrix);
  return [dx, dGamma, dBeta];
};

const isPerChannel = (call: KernelCall): boolean => {
  const channels = call.input('x').shape.at(-1);
  return ['mean', 'variance', 'offset', 'scale'].every((name) => {
    const input = call.optional(name);
    return !input || (input.shape.length === 1 && input.shape[0] === channels);
  });
};

/** Batch normalisation over all axes but the last: with given statistics, with the batch's own, and the gradient. */
export const registerBatchNorm = (kernels: KernelModule): void => {
  replaceKernel(
    'FusedBatchNorm',
    (stock) => (call) => (isPerChannel(call) ? inference(kernels, call) : stock(call)),
  );
  replaceKernel('BatchNormTraining', () => (call) => training(kernels, call));
  replaceKernel('BatchNormTrainingGrad', () => (call) => gradient(kernels, call));
};
