import { policyName } from './topology';
import { isFields, layersOf, type Topology } from './topologyNodes';

const count = (number: number, one: string): string => `${one} of ${number} layer${number === 1 ? '' : 's'}`;

/** Settings of a model's layers that matter to training in Keras, but to no forward pass here. */
export const ignoredSettings = (topology: Topology): string[] => {
  const configs = layersOf(topology).flatMap(({ config }) => (isFields(config) ? [config] : []));
  const regularized = configs.filter((config) =>
    Object.entries(config).some(([key, value]) => key.endsWith('_regularizer') && value),
  );
  const policies = new Set(configs.map(({ dtype }) => policyName(dtype ?? 'float32')));
  const reduced = [...policies].filter((policy) => /float16/.test(policy));
  return [
    ...(regularized.length > 0 ? [count(regularized.length, 'regularizers')] : []),
    ...reduced.map((policy) => `the precision ${policy}; computed in float32`),
  ];
};
