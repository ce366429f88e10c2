import type { AdapterOffer, Proposal, ProposedPair } from '../../engine/contract/profile';
import type { AdapterKind, Pair } from '../../engine/contract/recipe';
import { pairKey } from './draft';

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

/** The adapters that were offered for a pair; for one that nobody measured, what the run would choose. */
export const offersFor = (pair: Pair, proposal: Proposal | null): Offer[] => {
  const offered: Offer[] = proposedPair(proposal, pair)?.adapters ?? [];
  const isOffered = offered.some(({ kind }) => kind === pair.adapter);
  const unmeasured = (kind: AdapterKind): Offer => ({
    kind,
    parameters: null,
    milliseconds: null,
    fit: null,
    recommended: false,
  });
  return isOffered ? offered : [unmeasured(pair.adapter), ...offered];
};
