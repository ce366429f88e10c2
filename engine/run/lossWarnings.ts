import type { RunWarning } from '../contract/run';
import { LossWatch } from '../training/lossWatch';
import { stepsOf, type Stage } from '../training/stage';
import { readMetrics } from './folder';

/**
 * The watch over a stage's losses, with the points that the run has of it already. The control's losses are the
 * student's: what is wrong with them is told there.
 */
export const watchLosses = async (
  run: string,
  stage: Stage,
  known: readonly RunWarning[],
): Promise<LossWatch> => {
  const weighted = stage.name === 'control' ? [] : stage.terms.filter(({ weight }) => weight > 0);
  const losses = weighted.map(({ label, prepared }) => ({
    label,
    isContested: (prepared.opponents ?? []).length > 0,
  }));
  const watch = new LossWatch({ name: stage.name, steps: stepsOf(stage), losses }, known);
  for (const point of await readMetrics(run)) watch.see(point);
  return watch;
};
