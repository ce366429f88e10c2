import type { AdapterOffer, Proposal, ProposedPair } from '../contract/profile';

type Cells = readonly string[];

/** Columns as wide as their widest cell; those from `right` on stand to the right. */
const aligned = (rows: readonly Cells[], right: number): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < right ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
};

const orDash = (value: number | null, digits: number): string =>
  value === null ? '-' : value.toFixed(digits);
const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

const offerText = (offer: AdapterOffer): Cells => [
  `  ${offer.recommended ? '*' : ' '} ${offer.kind}`,
  offer.parameters.toLocaleString('en-US'),
  orDash(offer.milliseconds, 1),
  orDash(offer.fit, 2),
];

const pairText = (pair: ProposedPair): string[] => [
  `${pair.teacher} ${shapeText(pair.teacherShape)} - ${pair.student} ${shapeText(pair.studentShape)}`,
  `  ${pair.reason}`,
  ...aligned([['    adapter', 'parameters', 'ms a step', 'R²'], ...pair.adapters.map(offerText)], 1),
];

const methodLines = ({ methods }: Proposal): string[] => {
  const offered = methods.filter(({ suits }) => suits);
  const width = Math.max(0, ...offered.map(({ method }) => method.length));
  return offered.flatMap(({ method, reason, warning }) => [
    `${method.padEnd(width)}  ${reason}`,
    ...(warning === null ? [] : [`${' '.repeat(width)}  Warning: ${warning}`]),
  ]);
};

/** A proposal for a terminal: the pairs with their adapters, what goes together by its place, and the methods. */
export const formatProposal = (proposal: Proposal): string => {
  const { probe, pairs, heads } = proposal;
  const samples = `${probe.samples} samples of ${probe.source === 'data' ? 'the data' : 'noise (name some with --data)'}`;
  return [
    `Teacher ${proposal.teacher.name}, student ${proposal.student.name}; measured on ${samples}.`,
    '',
    ...pairs.flatMap((pair) => [...pairText(pair), '']),
    ...heads.map((pair) => `${pair.teacher} - ${pair.student}: ${pair.reason}`),
    '',
    ...methodLines(proposal),
    ...proposal.warnings.map((warning) => `\n${warning}`),
  ].join('\n');
};
