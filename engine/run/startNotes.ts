import { basename } from 'node:path';
import type { ModelInfo } from '../contract/model';
import type { PreparedRun } from './prepare';

const mostNames = 8;

const listed = (names: readonly string[]): string =>
  names.length > mostNames
    ? `${names.slice(0, mostNames).join(', ')} and ${names.length - mostNames} more`
    : names.join(', ');

const note = (role: string, weights: string | undefined, { opening }: ModelInfo): string[] => {
  if (weights === undefined || !opening) return [];
  const { matched, missing, unexpected } = opening;
  const taken = `The ${role} starts with ${matched} of its ${matched + missing.length} arrays of weights from ${basename(weights)}`;
  return [
    `${taken}.`,
    ...(missing.length > 0 ? [`Not in the file, so new in the ${role}: ${listed(missing)}.`] : []),
    ...(unexpected.length > 0 ? [`In the file, but not in the ${role}: ${listed(unexpected)}.`] : []),
  ];
};

/** What a run says at its beginning about the weights that its networks start from. */
export const startNotes = ({ frozen, student, teachers }: PreparedRun): string[] => {
  const { recipe } = frozen;
  return [
    ...note('student', recipe.student.weights, student.info),
    ...(recipe.teacher ?? []).flatMap(({ weights }, which) => {
      const info = teachers[which]?.info;
      return info ? note('teacher', weights, info) : [];
    }),
  ];
};
