import type { Batch, TargetName } from './dataset';

/** The target of a batch that a task cannot do without; that it is there was checked when the data were opened. */
export const requireTarget = <N extends TargetName>(batch: Batch, name: N): NonNullable<Batch[N]> => {
  const target = batch[name];
  if (target) return target as NonNullable<Batch[N]>;
  throw new Error(`The batch has no ${name}.`);
};
