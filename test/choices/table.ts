import type { Pair } from '../../engine/contract/recipe';

/** What one choice of pairs came to. */
export interface Row {
  couple: string;
  choice: string;
  pairs: Pair[];
  /** On the test split, a seed each. */
  accuracies: number[];
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard error of the mean. */
const errorOf = (values: readonly number[]): number => {
  const middle = mean(values);
  const square = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
  return Math.sqrt(square / values.length);
};

const percent = (share: number): string => (100 * share).toFixed(2);

const line = (...cells: string[]): string => `| ${cells.join(' | ')} |`;

const pairText = ({ teacher, student, adapter }: Pair): string => `${teacher} – ${student} (${adapter})`;

const sectionOf = (couple: string, rows: readonly Row[]): string[] => {
  const sorted = [...rows].sort((one, other) => mean(other.accuracies) - mean(one.accuracies));
  return [
    line(couple, 'Accuracy', '± s.e.', 'Pairs'),
    line('---', '---:', '---:', '---'),
    ...sorted.map(({ choice, accuracies, pairs }) =>
      line(
        choice === 'proposed' ? '**proposed**' : choice,
        percent(mean(accuracies)),
        percent(errorOf(accuracies)),
        pairs.map(pairText).join(', '),
      ),
    ),
    '',
  ];
};

/** How the proposal stands to the best of the random choices of one couple, in points. */
const verdictOf = (couple: string, rows: readonly Row[]): string => {
  const of = (choice: string) => mean(rows.find((row) => row.choice === choice)?.accuracies ?? []);
  const random = rows.filter(({ choice }) => choice.startsWith('random')).map((row) => mean(row.accuracies));
  const best = Math.max(...random);
  return line(
    couple,
    percent(of('no teacher')),
    percent(of('proposed')),
    percent(best),
    percent(mean(random)),
    `${of('proposed') >= best ? '+' : '−'}${percent(Math.abs(of('proposed') - best))}`,
  );
};

/** Every choice of every couple, best first, and the proposal beside the best random choice. */
export const formatRows = (rows: readonly Row[]): string => {
  const couples = [...new Set(rows.map(({ couple }) => couple))];
  const of = (couple: string) => rows.filter((row) => row.couple === couple);
  return [
    ...couples.flatMap((couple) => sectionOf(couple, of(couple))),
    line('', 'No teacher', 'Proposed', 'Best of random', 'Mean of random', 'Proposed − best'),
    line('---', '---:', '---:', '---:', '---:', '---:'),
    ...couples.map((couple) => verdictOf(couple, of(couple))),
  ].join('\n');
};
