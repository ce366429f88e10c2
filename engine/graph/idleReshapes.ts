import type { Source, Trace } from './trace';

/** The same trace without reshapes to the shape that is there: tfjs puts one after every batch normalisation. */
export const withoutIdleReshapes = (trace: Trace): Trace => {
  const idle = new Map<string, Source>();
  const found = (source: Source): Source =>
    source.output === 0 ? (idle.get(source.node) ?? source) : source;
  const operations = trace.operations.flatMap((operation) => {
    const { name, op, shapes } = operation;
    const inputs = operation.inputs.map(found);
    const [input] = inputs;
    const isIdle = op === 'Reshape' && shapes.inputs[0]?.join() === shapes.outputs[0]?.join();
    if (!isIdle || !input) return [{ ...operation, inputs }];
    idle.set(name, input);
    return [];
  });
  return {
    ...trace,
    operations,
    variables: trace.variables.map((one) => ({ ...one, value: one.value && found(one.value) })),
    results: trace.results.map((one) => ({ ...one, source: found(one.source) })),
  };
};
