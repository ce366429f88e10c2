import type { ValueColumn } from '../contract/run';
import type * as tf from '@tensorflow/tfjs';
import { requireTarget } from '../data/batchTarget';
import type { Batch } from '../data/dataset';
import type { Outputs } from '../models/network';
import type { TaskMeasures } from './measures';

/** prediction − target [batch, outputs], in standard deviations. */
const errors = ({ logits }: Outputs, batch: Batch): tf.Tensor2D => {
  const values = requireTarget(batch, 'values');
  return logits.reshape<tf.Tensor2D>(values.shape).sub(values);
};

const scales = (columns: readonly ValueColumn[] | undefined, outputs: number): number[] =>
  Array.from({ length: outputs }, (_, which) => columns?.[which]?.std ?? 1);

/** Mean over outputs of 1 − (sum of squared errors) / (sum of squares about the mean); NaN for constant targets. */
const determination = (squared: number[], sums: number[], squares: number[], count: number): number => {
  const each = squared.map((error, which) => {
    const mean = (sums[which] ?? 0) / count;
    const spread = (squares[which] ?? 0) - count * mean * mean;
    return spread > 0 ? 1 - error / spread : NaN;
  });
  return each.reduce((sum, one) => sum + one, 0) / each.length;
};

/**
 * Mean absolute error and root mean square error in the target's own units (averaged over the outputs), R² of the
 * split, and as `loss` the mean square error in standard deviations.
 */
export const regression: TaskMeasures = {
  metric: 'mae',
  rising: false,
  start: (network, dataset) => {
    const outputs = dataset.outputs?.length ?? network.info.outputShape.at(-1) ?? 1;
    const std = scales(dataset.outputs, outputs);
    let count = 0;
    const totals = { absolute: std.map(() => 0), squared: std.map(() => 0), sums: std.map(() => 0) };
    const squares = std.map(() => 0);
    return {
      add: (made, batch) => {
        const found = errors(made, batch).dataSync<'float32'>();
        const wanted = requireTarget(batch, 'values').dataSync<'float32'>();
        count += batch.indices.shape[0];
        found.forEach((error, at) => {
          const which = at % outputs;
          const target = wanted[at] as number;
          totals.absolute[which] = (totals.absolute[which] as number) + Math.abs(error);
          totals.squared[which] = (totals.squared[which] as number) + error * error;
          totals.sums[which] = (totals.sums[which] as number) + target;
          squares[which] = (squares[which] as number) + target * target;
        });
      },
      finish: () => {
        const mean = (of: (which: number) => number): number =>
          std.reduce((sum, _, which) => sum + of(which), 0) / (outputs * count);
        const at = (list: number[], which: number): number => list[which] as number;
        return {
          mae: mean((which) => at(totals.absolute, which) * at(std, which)),
          rmse: Math.sqrt(mean((which) => at(totals.squared, which) * at(std, which) ** 2)),
          r2: determination(totals.squared, totals.sums, squares, count),
          loss: mean((which) => at(totals.squared, which)),
        };
      },
    };
  },
};
