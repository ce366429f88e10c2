import type { AdapterOffer, Proposal, ProposedPair } from '../../engine/contract/profile';
import type { AdapterKind, Pair } from '../../engine/contract/recipe';
import { pairKey } from './draft';
import type { NetworkName } from './layerRows';

/** What is known of an adapter for a pair; null figures were not measured. */
export type Offer = Omit<AdapterOffer, 'parameters' | 'kind'> & {
  kind: AdapterKind;
  parameters: number | null;
};

export const proposedPair = (
  proposal: Proposal | null,
  pair: Pick<Pair, 'teacher' | 'student'>,
): ProposedPair | null | undefined =>
  proposal && [...proposal.pairs, ...proposal.heads].find((one) => pairKey(one) === pairKey(pair));

/** “0.83”; empty where it was not measured. */
export const ckaOf = (proposal: Proposal | null, pair: Pick<Pair, 'teacher' | 'student'>): string => {
  if (!proposal) return '';
  const down = proposal.candidates.teacher.findIndex(({ tap }) => tap === pair.teacher);
  const across = proposal.candidates.student.findIndex(({ tap }) => tap === pair.student);
  const value = proposedPair(proposal, pair)?.similarity ?? proposal.similarity[down]?.[across] ?? null;
  return value === null ? '' : value.toFixed(2);
};

const words: Record<AdapterKind, string> = {
  auto: 'automatic',
  none: 'none',
  resize: 'resize',
  assign: 'assignment',
  conv1x1: '1×1',
  'conv1x1-bn': '1×1 + BN',
  'conv1x1-bn-relu': '1×1 + BN + ReLU',
  conv3x3: '3×3',
  'conv3x3-stride2': '3×3 stride 2',
  'conv4x4-transposed': '4×4 transposed',
  convreg: 'regressor',
  linear: 'linear',
  mlp: 'MLP',
};

/** An adapter as a label has room for it. */
export const adapterWords = (kind: AdapterKind): string => words[kind] ?? kind;

/** Shapes of both sides of a pair, without the batch dimension. */
export type PairShapes = Record<NetworkName, readonly number[]>;

/** The adapters that can bring one shape to another, by the shapes alone. */
export const fittingKinds = ({ teacher, student }: PairShapes): AdapterKind[] => {
  const isWide = teacher.at(-1) === student.at(-1);
  if (teacher.length === 1 && student.length === 1)
    return [...(isWide ? (['none'] as const) : []), 'linear', 'mlp'];
  const [height = 0, width = 0] = teacher;
  const [ownHeight = 0, ownWidth = 0] = student;
  if (teacher.length !== 3 || student.length !== 3) return [];
  const isSame = height === ownHeight && width === ownWidth;
  const plain: AdapterKind[] = ['conv1x1', 'conv1x1-bn', 'conv1x1-bn-relu'];
  if (isSame) return [...(isWide ? (['none'] as const) : []), ...plain, 'conv3x3'];
  const isHalf = Math.ceil(ownHeight / 2) === height && Math.ceil(ownWidth / 2) === width;
  const isDouble = ownHeight * 2 === height && ownWidth * 2 === width;
  return [
    ...(isWide ? (['resize'] as const) : []),
    ...plain,
    ...(isHalf ? (['conv3x3-stride2'] as const) : []),
    ...(isDouble ? (['conv4x4-transposed'] as const) : []),
  ];
};

const unmeasured = (kind: AdapterKind): Offer => ({
  kind,
  parameters: null,
  milliseconds: null,
  fit: null,
  recommended: false,
});

/** The adapters that were offered for a pair; for one that nobody measured, those that its shapes allow. */
export const offersFor = (pair: Pair, proposal: Proposal | null, shapes: PairShapes): Offer[] => {
  const known = proposedPair(proposal, pair);
  const offered = known ? known.adapters : ['auto' as const, ...fittingKinds(shapes)].map(unmeasured);
  const isOffered = offered.some(({ kind }) => kind === pair.adapter);
  return isOffered ? offered : [unmeasured(pair.adapter), ...offered];
};
