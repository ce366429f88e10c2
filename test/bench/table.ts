import type { Figure, Length } from './measure';
import type { Subject } from './subjects';
import type { BenchTask } from './tasks';

/** One line of the table. */
export interface Row extends Figure {
  /** Time by the sample over that of PyTorch's best; null where there is none. */
  ratio: number | null;
  /** Billions of floating-point operations a second; null where they are not counted. */
  gflops: number | null;
  /** Of the best matrix product. */
  share: number | null;
}

const perSample = ({ median, batch }: Figure): number => median / batch;

const least = (figures: readonly Figure[]): number | null =>
  figures.length > 0 ? Math.min(...figures.map(perSample)) : null;

/** Adds to the figures of one run what they say about one another. `sgemm`: the id of the matrix product's task. */
export const compare = (figures: readonly Figure[], sgemm: string): Row[] => {
  const known = figures.filter(({ missing }) => missing === null);
  const rateOf = (figure: Figure): number | null => {
    const counted = known.find(({ task, operations }) => task === figure.task && operations > 0);
    return counted ? counted.operations / counted.batch / perSample(figure) / 1e6 : null;
  };
  const products = known.filter(({ task, isReference }) => task === sgemm && !isReference);
  const peak = products.length > 0 ? Math.max(...products.map((figure) => rateOf(figure) ?? 0)) : null;
  return figures.map((figure) => {
    if (figure.missing !== null) return { ...figure, ratio: null, gflops: null, share: null };
    const best = least(known.filter(({ task, isReference }) => task === figure.task && isReference));
    const gflops = rateOf(figure);
    return {
      ...figure,
      ratio: best === null ? null : perSample(figure) / best,
      gflops,
      share: gflops === null || !peak ? null : gflops / peak,
    };
  });
};

const rounded = (value: number): string => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
const orDash = (value: number | null, text: (value: number) => string): string =>
  value === null || !Number.isFinite(value) ? '-' : text(value);

const headings = ['', 'ms', '±', 'least', 'to PyTorch', 'GFLOP/s', 'of sgemm', 'first run, s', 'peak MB'];

const cells = (row: Row, title: string): string[] => {
  const samples = row.batch === 1 ? ' (1 sample)' : '';
  if (row.missing !== null) return [`  ${title}`, '-', `  ${row.missing}`];
  return [
    `  ${title}${samples}`,
    rounded(row.median),
    rounded(row.spread),
    rounded(row.least),
    orDash(row.ratio, (ratio) => ratio.toFixed(2)),
    orDash(row.gflops, rounded),
    orDash(row.share, (share) => `${Math.round(share * 100)} %`),
    orDash(row.started, (started) => (started / 1000).toFixed(1)),
    orDash(row.peakBytes, (bytes) => `${Math.round(bytes / 1e6)}`),
  ];
};

/** Columns as wide as their widest cell, numbers to the right; a reason for a missing figure takes the rest of its line. */
export const aligned = (lines: readonly (readonly string[])[]): string => {
  const full = lines.filter((line) => line.length === headings.length);
  const widths = headings.map((_, column) => Math.max(...full.map((line) => line[column]?.length ?? 0)));
  const padded = (line: readonly string[]) =>
    line.map((cell, column) =>
      column === 0
        ? cell.padEnd(widths[0] ?? 0)
        : column < 2 || line.length === headings.length
          ? cell.padStart((widths[column] ?? 0) + 2)
          : cell,
    );
  return lines.map((line) => padded(line).join('').trimEnd()).join('\n');
};

/** The figures as lines for a terminal. */
export const formatTable = (
  rows: readonly Row[],
  tasks: readonly BenchTask[],
  subjects: readonly Subject[],
): string => {
  const titleOf = (id: string) => subjects.find((subject) => subject.id === id)?.title ?? id;
  const lines = tasks.flatMap((task) => {
    const own = rows.filter((row) => row.task === task.id);
    return own.length === 0 ? [] : [[task.title], ...own.map((row) => cells(row, titleOf(row.subject)))];
  });
  return aligned([headings, ...lines]);
};

/** Milliseconds by batch size, and by the sample relative to the smallest batch. */
export const formatScaling = (figures: readonly Figure[], tasks: readonly BenchTask[]): string => {
  const lines = tasks.flatMap((task) => {
    const own = figures.filter((figure) => figure.task === task.id && figure.missing === null);
    const [first] = own;
    if (!first) return [];
    return [
      task.title,
      ...own.map((figure) => {
        const relative = perSample(figure) / perSample(first);
        return `  batch ${String(figure.batch).padStart(3)}  ${rounded(figure.median).padStart(6)} ms  ± ${rounded(figure.spread)}  a sample ${relative.toFixed(2)} of that at batch ${first.batch}`;
      }),
    ];
  });
  return lines.join('\n');
};

/** Milliseconds by the number of steps, and by the step relative to the shortest training. */
export const formatLengths = (title: string, lengths: readonly Length[]): string => {
  const [first] = lengths;
  const lines = lengths.map(({ steps, total, peakBytes }) => {
    const relative = first ? total / steps / (first.total / first.steps) : NaN;
    return `  ${String(steps).padStart(4)} steps  ${rounded(total).padStart(6)} ms  a step ${relative.toFixed(2)} of that in ${first?.steps}  peak ${Math.round(peakBytes / 1e6)} MB`;
  });
  return [`${title}, by length`, ...lines].join('\n');
};
