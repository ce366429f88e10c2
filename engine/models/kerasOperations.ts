import { isFields, isTopology, type Topology } from './topologyNodes';

type Fields = Record<string, unknown>;

/** A layer with its calls: one of a tensor's operators, which Keras writes among the layers. */
type Called = Topology & { module?: unknown; inbound_nodes?: unknown[] };

/** scale * x + offset for an operation of x with a number, or of a number with x. */
interface Affine {
  scale: number;
  offset: number;
}

const withNumber: Record<string, (number: number, isFirst: boolean) => Affine | null> = {
  Add: (number) => ({ scale: 1, offset: number }),
  Multiply: (number) => ({ scale: number, offset: 0 }),
  Subtract: (number, isFirst) => (isFirst ? { scale: -1, offset: number } : { scale: 1, offset: -number }),
  TrueDivide: (number, isFirst) => (isFirst ? null : { scale: 1 / number, offset: 0 }),
};

/** What Keras 2 calls the same operations, which it writes as layers of the class TFOpLambda. */
const lambdas: Record<string, string> = {
  'math.add': 'Add',
  '__operators__.add': 'Add',
  'math.multiply': 'Multiply',
  'math.subtract': 'Subtract',
  'math.truediv': 'TrueDivide',
  'math.divide': 'TrueDivide',
};

/** Keras 3 writes `x + y` and the like as layers of these modules; its HDF5 files leave the module out. */
export const isOperation = (layer: Topology): boolean => {
  const { module, config } = layer as Called;
  return String(module).includes('.ops.') || (layer.class_name in withNumber && !('dtype' in config));
};

const rescaling = (layer: Called, affine: Affine, node: unknown): Topology =>
  ({
    ...layer,
    module: 'keras.layers',
    class_name: 'Rescaling',
    config: { name: (layer.config as Fields).name, ...affine },
    inbound_nodes: [node],
  }) as Topology;

const ofOperation = (layer: Called): Topology => {
  const [node] = layer.inbound_nodes ?? [];
  const args = isFields(node) && Array.isArray(node.args) ? (node.args as unknown[]) : [];
  const [first, second] = args;
  const number = [first, second].find((value) => typeof value === 'number');
  const tensor = [first, second].find(isTopology);
  if (args.length !== 2 || number === undefined || !tensor) return layer;
  const affine = withNumber[layer.class_name]?.(number, first === number);
  return affine ? rescaling(layer, affine, { args: [tensor], kwargs: {} }) : layer;
};

/** A call of Keras 2: `[layer, node, tensor, arguments]`, on its own or in a list of one. */
const callOf = (node: unknown): unknown[] | null => {
  if (!Array.isArray(node)) return null;
  if (typeof node[0] === 'string') return node;
  return node.length === 1 ? callOf(node[0]) : null;
};

const ofLambda = (layer: Called): Topology => {
  const operation = lambdas[String((layer.config as Fields).function)];
  const call = callOf(layer.inbound_nodes?.[0]);
  const { y } = (isFields(call?.[3]) ? call[3] : {}) as { y?: unknown };
  if (operation === undefined || !call || layer.inbound_nodes?.length !== 1) return layer;
  const x = [...call.slice(0, 3), {}];
  if (typeof y === 'number') {
    const affine = withNumber[operation]?.(y, false);
    return affine ? rescaling(layer, affine, [x]) : layer;
  }
  if (!Array.isArray(y) || (operation !== 'Add' && operation !== 'Multiply')) return layer;
  const { name } = layer.config as Fields;
  return { ...layer, class_name: operation, config: { name }, inbound_nodes: [[x, [...y, {}]]] } as Topology;
};

const asLayer = (layer: Topology): Topology => {
  if (layer.class_name === 'TFOpLambda') return ofLambda(layer);
  return isOperation(layer) ? ofOperation(layer) : layer;
};

/** The same description with operations of a tensor and a number as layers that compute the same. */
export const withOperationsAsLayers = (topology: Topology): Topology => {
  const { config } = topology;
  if (Array.isArray(config)) return topology;
  const { layers } = config;
  if (!Array.isArray(layers)) return topology;
  const made = layers.map((layer: unknown) =>
    isTopology(layer) ? withOperationsAsLayers(asLayer(layer)) : layer,
  );
  return { ...topology, config: { ...config, layers: made } };
};
