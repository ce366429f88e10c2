import type { Constant, Operation, Source, Trace } from './trace';

/** The values of a float32 constant. */
export const floatsOf = ({ bytes }: Constant): Float32Array =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Float32Array.BYTES_PER_ELEMENT);

export const attributeOf = ({ attributes }: Operation, wanted: string): unknown =>
  attributes.find(({ name }) => name === wanted)?.value;

/** How often each node's value is used. */
export const usesOf = ({ operations, variables, results }: Trace): ReadonlyMap<string, number> => {
  const uses = new Map<string, number>();
  const sources: (Source | null)[] = [
    ...operations.flatMap(({ inputs }) => inputs),
    ...variables.map(({ value }) => value),
    ...results.map(({ source }) => source),
  ];
  for (const source of sources) if (source) uses.set(source.node, (uses.get(source.node) ?? 0) + 1);
  return uses;
};
