import { relative } from 'node:path';
import type { RunModels } from '../../engine/contract/calls';

export interface ChosenLayer {
  network: 'teacher' | 'student';
  layer: string;
}

/** Paths of one file, whatever the case of a drive letter on systems that ignore it. */
export const isSameFile = (a: string, b: string): boolean => relative(a, b) === '';

/**
 * The layer whose definition holds a zero-based line: the narrowest definition; of equal ones the student's, and of one
 * network's the last, since a line in a loop makes many layers and the deepest tells most.
 */
export const layerAt = (
  models: Pick<RunModels, 'teacher' | 'student'>,
  file: string,
  line: number,
): ChosenLayer | null => {
  let best: (ChosenLayer & { height: number }) | null = null;
  for (const network of ['student', 'teacher'] as const) {
    for (const { name, location } of models[network]?.layers ?? []) {
      if (!location || !isSameFile(location.file, file)) continue;
      if (line < location.line || line > location.endLine) continue;
      const height = location.endLine - location.line;
      if (!best || height < best.height || (height === best.height && best.network === network))
        best = { network, layer: name, height };
    }
  }
  return best && { network: best.network, layer: best.layer };
};
