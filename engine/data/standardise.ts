import type { ValueColumn } from '../contract/run';
import { momentsOf } from './columns';
import type { Dataset, Split, Target } from './dataset';

/** Mean and standard deviation of each output over the training samples. */
const learn = ({ shape, values }: Target, columns: readonly ValueColumn[]): ValueColumn[] =>
  columns.map(({ name }, which) => ({
    name,
    ...momentsOf(values.filter((_, at) => at % (shape[0] as number) === which)),
  }));

const apply = (split: Split, columns: readonly ValueColumn[]): Split => {
  const target = split.targets?.values;
  if (!target) return split;
  const values = Float32Array.from(target.values, (value, at) => {
    const { mean, std } = columns[at % columns.length] as ValueColumn;
    return (value - mean) / std;
  });
  return { ...split, targets: { ...split.targets, values: { ...target, values } } };
};

/** Every split's values as (value − mean) / std of the training samples, which `outputs` then tells. */
export const standardiseValues = (dataset: Dataset): Dataset => {
  const { train, validation, test, outputs = [] } = dataset;
  if (!train.targets?.values) return dataset;
  const columns = learn(train.targets.values, outputs);
  return {
    ...dataset,
    train: apply(train, columns),
    validation: apply(validation, columns),
    test: test && apply(test, columns),
    outputs: columns,
  };
};
