import type { Execution, Window } from '../models/execution';

/** By axis of the map: positions of the input that one value sees, and how far apart its neighbours look. */
interface Field {
  sizes: number[];
  jumps: number[];
}

const at = (lengths: readonly number[], axis: number): number => lengths[axis] ?? 1;

const through = ({ size, stride }: Window, { sizes, jumps }: Field): Field => {
  const axes = Math.max(size.length, sizes.length);
  const each = <T>(make: (axis: number) => T): T[] => Array.from({ length: axes }, (_, axis) => make(axis));
  return {
    sizes: each((axis) => at(sizes, axis) + (at(size, axis) - 1) * at(jumps, axis)),
    jumps: each((axis) => at(jumps, axis) * at(stride, axis)),
  };
};

/** What several inputs see together: the widest of each axis. */
const widest = (fields: readonly Field[]): Field => {
  const axes = Math.max(0, ...fields.map(({ sizes }) => sizes.length));
  const most = (key: keyof Field) =>
    Array.from({ length: axes }, (_, axis) => Math.max(...fields.map((field) => at(field[key], axis))));
  return { sizes: most('sizes'), jumps: most('jumps') };
};

/**
 * By step, the side of what one value of its output depends on, in positions of the input: the larger one where the
 * axes differ, along the path that sees most, and borders left out. Null for values that depend on everything.
 */
export const receptiveFields = (steps: Execution['steps']): (number | null)[] => {
  const fields: (Field | null)[] = [];
  for (const { inputs, window } of steps) {
    const given = inputs.map(({ step }) => fields[step] ?? null);
    const known = given.filter((field): field is Field => field !== null);
    const isOpen = window === null || known.length < given.length;
    fields.push(isOpen ? null : through(window, widest(known)));
  }
  return fields.map((field) => (field ? Math.ceil(Math.max(1, ...field.sizes)) : null));
};
