import type { RunModels } from '../../engine/contract/calls';
import type { ModelInfo } from '../../engine/contract/model';

export type NetworkName = 'teacher' | 'student';

/** A tap that can be looked at. */
export interface Tap {
  name: string;
  /** The layer's class, or `Logits`. */
  kind: string;
  /** Without the batch dimension; empty where the model does not say. */
  shape: number[];
  /** Ids of the methods that match this tap with one of the other network. */
  methods: string[];
  /** Whether a line of the user's code makes it. */
  hasCode: boolean;
}

/** What is looked at: a tap, and its partner in the other network where they are matched. */
export interface Selection {
  network: NetworkName;
  tap: string;
  partner: string | null;
}

export const otherNetwork = (network: NetworkName): NetworkName =>
  network === 'teacher' ? 'student' : 'teacher';

export const tapsOf = (models: RunModels, network: NetworkName): Tap[] => {
  const model = models[network];
  if (!model) return [];
  const layers = new Map(model.layers.map((layer) => [layer.name, layer]));
  return model.taps.map((name) => {
    const layer = layers.get(name);
    const matching = models.pairs.filter((pair) => pair[network] === name);
    return {
      name,
      kind: layer?.kind ?? 'Logits',
      shape: layer?.shape ?? logitsShape(model, name),
      methods: [...new Set(matching.map((pair) => pair.method))],
      hasCode: layer?.location !== undefined,
    };
  });
};

const logitsShape = (model: ModelInfo, name: string): number[] =>
  name === 'logits' ? model.outputShape : [];

/** The selection of a tap with the first partner that a method gives it; null for a tap that is not there. */
export const select = (models: RunModels, network: NetworkName, tap: string): Selection | null => {
  if (!models[network]?.taps.includes(tap)) return null;
  const pair = models.pairs.find((one) => one[network] === tap);
  const other = otherNetwork(network);
  const partner = pair && models[other]?.taps.includes(pair[other]) ? pair[other] : null;
  return { network, tap, partner };
};

/** What to show first: the first matched pair, else the student's last map, else its first tap. */
export const firstSelection = (models: RunModels): Selection | null => {
  const pair = models.pairs[0];
  const taps = tapsOf(models, 'student');
  const map = taps.filter((tap) => tap.shape.length === 3).at(-1);
  const tap = pair?.student ?? map?.name ?? taps[0]?.name;
  return tap === undefined ? null : select(models, 'student', tap);
};

/** The tap that a selection shows of a network; null where it shows none. */
export const shownTap = (selection: Selection, network: NetworkName): string | null =>
  selection.network === network ? selection.tap : selection.partner;

/** “8 × 8 × 128”; a vector's length alone. */
export const shapeWords = (shape: readonly number[]): string => shape.join(' × ');
