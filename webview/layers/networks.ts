import type { LayersSubject } from '../../engine/contract/pages';
import type { ProfileComparison } from '../../engine/contract/profile';
import { type LayerCost, type LayerRow, type NetworkName, layerCosts, layerRows } from './layerRows';
import { bandsFor } from './lattice';
import type { Band } from './stages';

/** Both networks as the page draws them. */
export interface Networks {
  layers: Record<NetworkName, readonly LayerCost[] | null>;
  rows: Record<NetworkName, readonly LayerRow[]>;
  bands: Band[];
}

const manyLayers = 40;

/** Whether the networks are so long that layers are folded unless the user wants otherwise. */
export const areLong = ({ teacher, student }: LayersSubject): boolean =>
  Math.max(teacher?.layers.length ?? 0, student.layers.length) > manyLayers;

export const networksOf = (
  subject: LayersSubject,
  comparison: ProfileComparison | null,
  isFolded: boolean,
): Networks => {
  const { teacher, student } = subject;
  const layers = {
    teacher: teacher && layerCosts(teacher, comparison?.teacher ?? null),
    student: layerCosts(student, comparison?.student ?? null),
  };
  const rows = {
    teacher: layerRows(layers.teacher ?? [], isFolded),
    student: layerRows(layers.student, isFolded),
  };
  const bands = bandsFor(teacher && { model: teacher, rows: rows.teacher }, {
    model: student,
    rows: rows.student,
  });
  return { layers, rows, bands };
};

/** The line's row that holds a layer. */
export const rowWith = (networks: Networks, network: NetworkName, layer: string): LayerRow | null =>
  networks.rows[network].find((row) => row.layers.some(({ name }) => name === layer)) ?? null;

export const layerNamed = (networks: Networks, network: NetworkName, layer: string): LayerCost | null =>
  networks.layers[network]?.find(({ name }) => name === layer) ?? null;

/** Which bands are closed once all are. */
export const allBands = ({ bands }: Networks): number[] => bands.map((_, index) => index);

/** How deep a pair lies: by its student's layer, then its teacher's. */
export const pairDepth =
  ({ layers }: Networks) =>
  (pair: Record<NetworkName, string>): number => {
    const depth = (network: NetworkName): number => {
      const own = layers[network] ?? [];
      const at = own.findIndex(({ name }) => name === pair[network]);
      return at < 0 ? own.length : at;
    };
    return depth('student') + depth('teacher') / 100_000;
  };

/** Shapes of the taps of a pair; empty for a layer that is not there. */
export const pairShapes =
  (subject: LayersSubject) =>
  (pair: Record<NetworkName, string>): Record<NetworkName, readonly number[]> => {
    const shape = (network: NetworkName): readonly number[] => {
      const [model, name] = [subject[network], pair[network]];
      if (name === 'logits') return model?.outputShape ?? [];
      return model?.layers.find((layer) => layer.name === name)?.shape ?? [];
    };
    return { teacher: shape('teacher'), student: shape('student') };
  };
