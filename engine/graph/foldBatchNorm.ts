import type { Constant, Operation, Source, Trace } from './trace';
import { attributeOf, floatsOf, usesOf } from './uses';

const convolutions: readonly string[] = ['Conv2D', 'DepthwiseConv2dNative'];

const withValues = (constant: Constant, name: string, values: Float32Array): Constant => ({
  ...constant,
  name,
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
});

/** A convolution whose constant kernel is all that stands before a normalisation with constant statistics. */
interface Foldable {
  convolution: Operation;
  normalisation: Operation;
  kernel: Constant;
  scale: Constant;
  offset: Constant;
  mean: Constant;
  variance: Constant;
}

const foldables = (trace: Trace): Foldable[] => {
  const constants = new Map(trace.constants.map((constant) => [constant.name, constant]));
  const operations = new Map(trace.operations.map((operation) => [operation.name, operation]));
  const uses = usesOf(trace);
  const constantAt = (source: Source | undefined) => source && constants.get(source.node);
  return trace.operations.flatMap((normalisation): Foldable[] => {
    const isInference =
      normalisation.op === 'FusedBatchNorm' && attributeOf(normalisation, 'is_training') === false;
    if (!isInference) return [];
    const [x, ...statistics] = normalisation.inputs;
    const convolution = x && operations.get(x.node);
    if (!convolution || !convolutions.includes(convolution.op) || uses.get(convolution.name) !== 1) return [];
    const kernel = constantAt(convolution.inputs[1]);
    const [scale, offset, mean, variance] = statistics.map(constantAt);
    if (!kernel || !scale || !offset || !mean || !variance) return [];
    return [{ convolution, normalisation, kernel, scale, offset, mean, variance }];
  });
};

/** The convolution's kernel times the scale of its output channel, and what is left as a bias. */
const fold = (found: Foldable): { constants: Constant[]; operations: Operation[] } => {
  const { convolution, normalisation } = found;
  const [scale, offset] = [floatsOf(found.scale), floatsOf(found.offset)];
  const [mean, variance] = [floatsOf(found.mean), floatsOf(found.variance)];
  const epsilon = Number(attributeOf(normalisation, 'epsilon'));
  const factors = Array.from(
    scale,
    (value, channel) => value / Math.sqrt((variance[channel] ?? 0) + epsilon),
  );
  // Output channels vary fastest, those of a depthwise kernel over its last two axes.
  const kernel = floatsOf(found.kernel).map((value, index) => value * (factors[index % factors.length] ?? 0));
  const bias = offset.map((value, channel) => value - (mean[channel] ?? 0) * (factors[channel] ?? 0));
  const [kernelName, biasName] = [`${convolution.name}kernel`, `${normalisation.name}bias`];
  const input = (operation: Operation) => operation.inputs[0] as Source;
  return {
    constants: [withValues(found.kernel, kernelName, kernel), withValues(found.offset, biasName, bias)],
    operations: [
      { ...convolution, inputs: [input(convolution), { node: kernelName, output: 0 }] },
      {
        ...normalisation,
        op: 'BiasAdd',
        attributes: normalisation.attributes.filter(({ name }) => name === 'T' || name === 'data_format'),
        inputs: [input(normalisation), { node: biasName, output: 0 }],
      },
    ],
  };
};

/**
 * The same trace with fewer operations: a batch normalisation in inference, (x - mean) * scale / sqrt(variance +
 * epsilon) + offset, becomes part of the convolution before it where all its numbers and the kernel are constants. What
 * is left, convolution, bias and ReLU, TensorFlow runs as one operation.
 */
export const foldBatchNorms = (trace: Trace): Trace => {
  const folded = foldables(trace).map(fold);
  const replaced = new Map(
    folded.flatMap(({ operations }) => operations.map((operation) => [operation.name, operation])),
  );
  const operations = trace.operations.map((operation) => replaced.get(operation.name) ?? operation);
  const made = { ...trace, operations };
  const uses = usesOf(made);
  const constants = [...trace.constants, ...folded.flatMap((one) => one.constants)];
  return { ...made, constants: constants.filter(({ name }) => uses.has(name)) };
};
