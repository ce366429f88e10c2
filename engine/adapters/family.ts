import type { ModelInfo } from '../contract/model';

/** How a network is built, as far as its layers tell. */
export type Family = 'depthwise' | 'residual' | 'concatenating' | 'attention' | 'plain' | 'dense';

/** Family names as they stand in a sentence. */
export const familyTitles: Record<Family, string> = {
  depthwise: 'built of depthwise convolutions',
  residual: 'a residual network',
  concatenating: 'a network that concatenates',
  attention: 'built of attention',
  plain: 'a plain convolutional network',
  dense: 'a network of dense layers',
};

const signs: readonly [Family, RegExp][] = [
  ['attention', /Attention|LayerNorm/i],
  ['depthwise', /Depthwise|Separable/i],
  ['residual', /^(Add|AddV2)$/],
  ['concatenating', /^Concat/],
  ['plain', /Conv/i],
];

/** The first that any of its layers gives away: depthwise convolutions say more than the sums around them. */
export const familyOf = ({ layers }: ModelInfo): Family =>
  signs.find(([, kind]) => layers.some((layer) => kind.test(layer.kind)))?.[0] ?? 'dense';
