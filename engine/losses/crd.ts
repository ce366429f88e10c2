import * as tf from '@tensorflow/tfjs';
import { l2Normalize } from './normalize';

/** What one contrast sees: N anchors against a memory of one embedding per training sample. */
export interface Contrast {
  /** Unit rows [N, D], of one network. */
  anchors: tf.Tensor2D;
  /** Unit rows [samples, D], of the other network. */
  memory: tf.Tensor2D;
  /** Which memory row is each anchor's own: [N], int32. */
  indices: tf.Tensor1D;
  /** 1 where a sample was drawn as negative of an anchor, else 0: [N, samples]. */
  negatives: tf.Tensor2D;
  /** Negatives per anchor: K. */
  count: number;
  /** τ */
  temperature: number;
}

/** How well the anchors of a contrast fit the memory, before normalising. */
export interface Scores {
  /** exp(v·m / τ) with the anchor's own row: [N]. */
  positive: tf.Tensor;
  /** The same with every row: [N, samples]. */
  all: tf.Tensor;
}

export const scoresOf = ({ anchors, memory, indices, temperature }: Contrast): Scores => ({
  positive: memory.gather(indices).mul(anchors).sum(-1).div(temperature).exp(),
  all: anchors.matMul(memory, false, true).div(temperature).exp(),
});

/** Z: the mean score over positives and negatives, times the number of samples. */
export const normaliser = ({ positive, all }: Scores, { negatives, count }: Contrast): tf.Scalar => {
  const [batch, samples] = negatives.shape;
  const total = positive.sum().add(all.mul(negatives).sum());
  return total.mul(samples / (batch * (count + 1))).asScalar();
};

/**
 * Noise-contrastive estimation: with x = exp(v·m / τ) / Z and c = K / samples,
 * −(1/N) Σᵢ [ log x₀ / (x₀ + c) + Σ_{j=1..K} log c / (xⱼ + c) ]: summed over negatives, mean over the batch.
 * CRD adds this for student anchors against the teacher's memory and the other way round.
 * Tian, Krishnan and Isola, Contrastive Representation Distillation (ICLR 2020), as its code has it.
 * @param z Z, fixed at the first batch; no gradient
 */
export const crdLoss = (
  { positive, all }: Scores,
  { negatives, count }: Contrast,
  z: tf.Scalar,
): tf.Scalar => {
  const [batch, samples] = negatives.shape;
  const noise = count / samples;
  const guard = noise + 1e-7;
  const own = positive.div(z);
  const attracted = own.div(own.add(guard)).log().sum();
  const repelled = all.div(z).add(guard).log().sub(Math.log(noise)).mul(negatives).sum();
  return repelled.sub(attracted).div(batch).asScalar();
};

/**
 * The memory with the rows of this batch moved: row ← l2norm(momentum · row + (1 − momentum) · embedding).
 * @param memory [samples, D]
 * @param indices [N], int32, each at most once
 * @param embeddings unit rows [N, D]
 */
export const updatedMemory = (
  memory: tf.Tensor2D,
  indices: tf.Tensor1D,
  embeddings: tf.Tensor2D,
  momentum: number,
): tf.Tensor2D => {
  const rows = l2Normalize(
    memory
      .gather(indices)
      .mul(momentum)
      .add(embeddings.mul(1 - momentum)),
  );
  // A copy: the cpu backend's kernel writes into the tensor that it is given.
  const copy = memory.add(0);
  return tf.tensorScatterUpdate(copy, indices.expandDims(1), rows) as tf.Tensor2D;
};
