/** A Keras-style description of a model or a layer: what `model_config` and tfjs's `toJSON` hold. */
export interface Topology {
  class_name: string;
  config: Record<string, unknown> | unknown[];
}

export const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isTopology = (value: unknown): value is Topology =>
  isFields(value) && typeof value.class_name === 'string' && typeof value.config === 'object';

/** Every layer within a model's description, those of nested models and wrappers too. */
export const layersOf = (topology: Topology): Topology[] => {
  const { config } = topology;
  const inner = Array.isArray(config) ? config : [...((config.layers as unknown[]) ?? []), config.layer];
  return inner.filter(isTopology).flatMap((layer) => [layer, ...layersOf(layer)]);
};
