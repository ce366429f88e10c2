import { isFields, isTopology, type Topology } from './topologyNodes';

/** `[layer, call, output, …]`: which output of which call of a layer another call takes. */
type CallReference = [layer: string, call: number, ...rest: unknown[]];

const isReference = (value: unknown): value is CallReference =>
  Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number';

const mapReferences = (value: unknown, change: (reference: CallReference) => CallReference): unknown => {
  if (isReference(value)) return change(value);
  return Array.isArray(value) ? value.map((inner) => mapReferences(inner, change)) : value;
};

const isModel = (layer: Topology): boolean =>
  isFields(layer.config) && (Array.isArray(layer.config.layers) || layer.class_name === 'Sequential');

/** The nested models whose first call here counts as call 0. */
const countedFromZero = (layers: readonly Topology[], ends: unknown): Set<string> => {
  const models = new Set(
    layers.filter(isModel).map(({ config }) => String((config as { name?: unknown }).name)),
  );
  const found = new Set<string>();
  const visit = (reference: CallReference): CallReference => {
    if (reference[1] === 0 && models.has(reference[0])) found.add(reference[0]);
    return reference;
  };
  mapReferences(ends, visit);
  for (const layer of layers) mapReferences((layer as { inbound_nodes?: unknown }).inbound_nodes, visit);
  return found;
};

/**
 * tfjs, like Keras 2, counts a nested model's own making as its call 0, so that its first use is call 1; Keras 3 counts
 * its uses alone. Gives a description that counts as tfjs does, nested models' own too.
 */
export const countCallsLikeTfjs = (topology: Topology): Topology => {
  const { config } = topology;
  if (!isFields(config) || !Array.isArray(config.layers)) return topology;
  const layers = config.layers.map((layer: unknown) =>
    isTopology(layer) ? countCallsLikeTfjs(layer) : layer,
  );
  const shifted = countedFromZero(layers.filter(isTopology), config.output_layers);
  const shift = (reference: CallReference): CallReference => {
    const [name, call, ...rest] = reference;
    return shifted.has(name) ? [name, call + 1, ...rest] : reference;
  };
  const moved = layers.map((layer: unknown) =>
    isFields(layer) && layer.inbound_nodes
      ? { ...layer, inbound_nodes: mapReferences(layer.inbound_nodes, shift) }
      : layer,
  );
  const ends = config.output_layers ? { output_layers: mapReferences(config.output_layers, shift) } : {};
  return { ...topology, config: { ...config, layers: moved, ...ends } };
};
