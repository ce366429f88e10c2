import type { Constant, Trace } from './trace';

/** Smaller ones may as well lie in the graph. In bytes. */
const leastBytes = 2 ** 16;

/** Operations that do nothing else with a constant at these inputs than compute with it, so that none is folded away. */
const readers: Readonly<Record<string, number>> = {
  Conv2D: 1,
  DepthwiseConv2dNative: 1,
  MatMul: 1,
  BatchMatMulV2: 1,
  WinogradConv2D: 1,
};

export interface Divided {
  /** With the constants that lie in the graph. */
  trace: Trace;
  /** Large ones that go into the session after it was loaded: a graph is copied many times on its way there. */
  stored: readonly Constant[];
}

/** Takes the large weights of frozen networks out of a trace. */
export const divideConstants = (trace: Trace): Divided => {
  const elsewhere = new Set(
    trace.operations.flatMap(({ op, inputs }) =>
      inputs.flatMap(({ node }, index) => (readers[op] === index ? [] : [node])),
    ),
  );
  for (const { value } of trace.variables) if (value) elsewhere.add(value.node);
  for (const { source } of trace.results) elsewhere.add(source.node);
  const isStored = ({ name, type, bytes }: Constant): boolean =>
    type === 'float32' && bytes.byteLength >= leastBytes && !elsewhere.has(name);
  return {
    trace: { ...trace, constants: trace.constants.filter((one) => !isStored(one)) },
    stored: trace.constants.filter(isStored),
  };
};
