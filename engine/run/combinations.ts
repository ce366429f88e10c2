import { Failed } from '../contract/failure';
import type { Term } from '../training/step';

const refuse = (message: string, next: string): never => {
  throw new Failed('recipeInvalid', message, next);
};

/** Batches can be composed in one way only. */
const requireOneOrder = (terms: readonly Term[]): void => {
  const [first, second] = terms.filter(({ prepared }) => prepared.order);
  if (first && second)
    refuse(
      `The losses ${first.label} and ${second.label} both compose the batches, each in its own way.`,
      'Leave one of the two out.',
    );
};

/** What was trained on a teacher's features before the teacher itself is trained on no longer fits them. */
const requireTeacherFirst = (terms: readonly Term[]): void => {
  const staged = terms.filter(({ prepared }) => (prepared.stages?.length ?? 0) > 0);
  const isChanging = ({ prepared }: Term): boolean =>
    prepared.stages?.some(({ changesTeacher }) => changesTeacher) ?? false;
  const changing = staged.findLastIndex(isChanging);
  const [before, after] = [staged[0], staged[changing]];
  if (changing > 0 && before && after)
    refuse(
      `The loss ${after.label} trains the teacher on, after ${before.label} has trained heads on it as it was.`,
      isChanging(before)
        ? 'Leave one of the two out.'
        : `Put the loss ${after.label} before ${before.label}.`,
    );
};

/** Whether these losses can be trained together. Throws `Failed` (recipeInvalid) with the reason. */
export const requireCombinable = (terms: readonly Term[]): void => {
  requireOneOrder(terms);
  requireTeacherFirst(terms);
};
