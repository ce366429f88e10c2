import type { LayerProfile, ModelProfile, ProfileComparison } from '../contract/profile';

interface Cost {
  /** Key of the ratios. */
  of: keyof NonNullable<ProfileComparison['ratios']>;
  what: string;
  is: 'is' | 'are';
  /** What a layer does with its part. */
  does: string;
  inLayer(layer: LayerProfile): number;
}

/** From this share of the teacher's on, a student does not count as smaller. */
const hardlySmaller = 0.9;

const costs: readonly Cost[] = [
  { of: 'latency', what: 'time', is: 'is', does: 'takes', inLayer: ({ latency }) => latency?.median ?? 0 },
  { of: 'macs', what: 'multiply-accumulates', is: 'are', does: 'does', inLayer: ({ macs }) => macs },
  { of: 'parameters', what: 'parameters', is: 'are', does: 'holds', inLayer: ({ parameters }) => parameters },
];

const times = (ratio: number): string => `${ratio.toFixed(2)} times`;

const heaviest = (layers: readonly LayerProfile[], of: Cost['inLayer']): LayerProfile | undefined =>
  [...layers].sort((one, other) => of(other) - of(one))[0];

const costSentence = (
  { layers }: ModelProfile,
  { what, is, does, inLayer }: Cost,
  ratio: number,
): ProfileComparison['limits'] => {
  const layer = heaviest(layers, inLayer);
  const all = layers.reduce((sum, one) => sum + inLayer(one), 0);
  if (!layer || !(all > 0)) return [];
  const share = Math.round((inLayer(layer) / all) * 100);
  const sentence = `The student’s ${what} ${is} ${times(ratio)} the teacher’s: ${layer.name} ${does} ${share} % of its ${what}.`;
  return [{ layer: layer.name, sentence }];
};

const peakSentence = (student: ModelProfile, ratio: number): ProfileComparison['limits'] => {
  const layer = heaviest(student.layers, ({ activationBytes }) => activationBytes);
  if (!layer) return [];
  const sentence = `The student’s peak memory is ${times(ratio)} the teacher’s: ${layer.name} puts out its largest map; an earlier stride or pooling would shrink it.`;
  return [{ layer: layer.name, sentence }];
};

/** In what a student is hardly smaller than its teacher, or larger, and which of its layers has most of it. */
export const tooMuch = (
  student: ModelProfile,
  ratios: ProfileComparison['ratios'],
): ProfileComparison['limits'] =>
  ratios === null
    ? []
    : [
        ...costs.flatMap((cost) =>
          ratios[cost.of] >= hardlySmaller ? costSentence(student, cost, ratios[cost.of]) : [],
        ),
        ...(ratios.peak >= hardlySmaller ? peakSentence(student, ratios.peak) : []),
      ];
