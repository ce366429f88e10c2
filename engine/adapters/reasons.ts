import type { AdapterOffer, ProposedPair } from '../contract/profile';
import type { MatchedTaps } from './offers';

const written = (shape: readonly number[]): string => shape.join('x');

const placeOf = ({ teacher, student }: MatchedTaps): string => {
  if (teacher.role === 'logits') return 'Both are the logits';
  if (teacher.role === 'features' && student.role === 'features') return 'Both are what the head reads';
  const [one, other] = [teacher, student].map(({ shape }) => written(shape.slice(0, -1)));
  if (teacher.shape.length === 1) return 'Both end a layer at about the same depth';
  if (one === other) return `Both end a stage of ${one}`;
  return `Nearest in size and depth: stages of ${one} and ${other}`;
};

const percent = (value: number): string => `${Math.round(100 * value)} %`;

const similarityOf = (pair: MatchedTaps, similarity: number | null): string => {
  const depth = `${percent(pair.teacher.depth)} and ${percent(pair.student.depth)} deep`;
  return similarity === null ? depth : `${depth}, similarity ${similarity.toFixed(2)}`;
};

const adapterReasons: Record<AdapterOffer['kind'], string> = {
  none: 'their shapes agree, so no adapter is needed',
  resize: 'resizing is all that their shapes ask for',
  assign: 'every channel of the teacher gets one of the student’s',
  conv1x1: 'a 1x1 convolution brings the student’s channels to the teacher’s',
  'conv1x1-bn': 'a 1x1 convolution with batch normalisation brings the channels and their scale together',
  'conv1x1-bn-relu':
    'a 1x1 convolution with batch normalisation and ReLU gives values like the teacher’s, never negative',
  conv3x3: 'a 3x3 convolution brings the channels together and looks around',
  'conv3x3-stride2':
    'a 3x3 convolution with stride 2 halves the student’s map and brings the channels together',
  'conv4x4-transposed':
    'a transposed 4x4 convolution doubles the student’s map and brings the channels together',
  convreg:
    'a convolution with a stride, batch normalisation and ReLU brings size, channels and scale together',
  linear: 'a linear map brings the features to one length',
  mlp: 'two layers bring the features to one length',
};

/** How much of the teacher's tap the student's explains, by the adapter itself or, where that is not linear, by a 1x1 one. */
const fitOf = (adapter: AdapterOffer, offers: readonly AdapterOffer[]): string => {
  if (adapter.kind === 'none') return '';
  const linear = offers.find(({ kind }) => kind === 'conv1x1' || kind === 'linear');
  const fit = adapter.fit ?? linear?.fit ?? null;
  return fit === null ? '' : ` (linearly, R² ${fit.toFixed(2)})`;
};

/** Why this pair and this adapter, in a sentence. */
export const reasonFor = (
  pair: MatchedTaps,
  similarity: ProposedPair['similarity'],
  adapter: AdapterOffer,
  offers: readonly AdapterOffer[],
): string =>
  `${placeOf(pair)}, ${similarityOf(pair, similarity)}; ${adapterReasons[adapter.kind]}${fitOf(adapter, offers)}.`;
