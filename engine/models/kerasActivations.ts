import * as tf from '@tensorflow/tfjs';
import type { Topology } from './topologyNodes';

/** Keras's activations that TensorFlow.js lacks or computes otherwise, by the name they get here. */
const activations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  /** relu6(x + 3) / 6: since Keras 3; before, and in tfjs, it was clip(0.2 x + 0.5, 0, 1). */
  hardSigmoid3: (x) => tf.relu6(x.add(3)).div(6),
  /** x * relu6(x + 3) / 6, also called hard swish. */
  hardSilu: (x) => x.mul(tf.relu6(x.add(3)).div(6)),
  hardTanh: (x) => tf.clipByValue(x, -1, 1),
  leakyRelu: (x) => tf.leakyRelu(x, 0.2),
  celu: (x) => tf.elu(x),
  tanhShrink: (x) => x.sub(tf.tanh(x)),
};

const register = (name: string, compute: (x: tf.Tensor) => tf.Tensor): void => {
  class KerasActivation extends tf.serialization.Serializable {
    static readonly className = name;
    apply(x: tf.Tensor): tf.Tensor {
      return tf.tidy(() => compute(x));
    }
    getConfig(): tf.serialization.ConfigDict {
      return {};
    }
  }
  tf.serialization.registerClass(KerasActivation);
};

for (const [name, compute] of Object.entries(activations)) register(name, compute);

/** The activation of Keras that a layer uses and plain TensorFlow.js lacks. */
export const kerasOnlyActivation = (layer: tf.layers.Layer): string | undefined => {
  const { activation } = layer as { activation?: { getClassName?(): string } | null };
  const name = activation?.getClassName?.();
  return name !== undefined && name in activations ? name : undefined;
};

/** The same description with the activations that Keras 3 computes otherwise than Keras 2 under names of their own. */
export const withKeras3Activations = (topology: Topology): Topology =>
  JSON.parse(
    JSON.stringify(topology, (key, value: unknown) =>
      key.endsWith('activation') && value === 'hard_sigmoid' ? 'hardSigmoid3' : value,
    ),
  ) as Topology;
