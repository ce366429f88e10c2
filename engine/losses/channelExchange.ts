import * as tf from '@tensorflow/tfjs';

/** One stream's map after its own batch normalisation, and that normalisation's scale. */
export interface Stream {
  /** [N, …, C] */
  features: tf.Tensor;
  /** γ [C] */
  scale: tf.Tensor;
}

/**
 * Where |γ| of a stream falls below `threshold`, the channel says nothing: the other stream's takes its place. Each
 * stream's own γ decides. Gradients flow to the stream that a channel comes from.
 * Wang et al., Deep Multimodal Fusion by Channel Exchanging (NeurIPS 2020), equation 6.
 */
export const exchangeChannels = (one: Stream, other: Stream, threshold: number): [tf.Tensor, tf.Tensor] => {
  const exchanged = (own: Stream, source: Stream): tf.Tensor => {
    const alive = own.scale.abs().greaterEqual(threshold).toFloat();
    return own.features.mul(alive).add(source.features.mul(tf.sub(1, alive)));
  };
  return [exchanged(one, other), exchanged(other, one)];
};

/**
 * Σ |γ| over the half of the channels that each stream may give up: the first half of the one, the rest of the other, so
 * that no channel dies in both.
 * @param scales γ [C] of the two streams
 */
export const exchangeSparsity = (one: tf.Tensor, other: tf.Tensor): tf.Scalar => {
  const channels = one.shape[0] as number;
  const half = Math.floor(channels / 2);
  return one
    .slice([0], [half])
    .abs()
    .sum()
    .add(
      other
        .slice([half], [channels - half])
        .abs()
        .sum(),
    )
    .asScalar();
};
