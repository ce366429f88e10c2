import * as tf from '@tensorflow/tfjs';

type Symbol = tf.SymbolicTensor;

const plain = { padding: 'same', useBias: false, kernelInitializer: 'heNormal' } as const;
const momentum = 0.9;

const activated = (x: Symbol, name: string): Symbol => {
  const normalised = tf.layers.batchNormalization({ name: `${name}_norm`, momentum }).apply(x);
  return tf.layers.reLU({ name: `${name}_relu` }).apply(normalised) as Symbol;
};

const conv = (x: Symbol, filters: number, kernelSize: number, strides: number, name: string): Symbol =>
  tf.layers.conv2d({ name, filters, kernelSize, strides, ...plain }).apply(x) as Symbol;

const classified = (inputs: Symbol, x: Symbol, name: string): tf.LayersModel => {
  const mean = tf.layers.globalAveragePooling2d({ name: 'mean', dataFormat: 'channelsLast' }).apply(x);
  const outputs = tf.layers.dense({ name: 'classes', units: 10 }).apply(mean) as Symbol;
  return tf.model({ inputs, outputs, name });
};

const image = (): Symbol => tf.input({ shape: [28, 28, 1], name: 'image' });

/** Stages of plain convolutions with a pool between them. */
const chain = (name: string, widths: readonly number[], convolutions: number): tf.LayersModel => {
  const inputs = image();
  let x = inputs;
  widths.forEach((width, stage) => {
    if (stage > 0) x = tf.layers.maxPooling2d({ poolSize: 2, name: `pool${stage}` }).apply(x) as Symbol;
    for (let at = 1; at <= convolutions; at++) {
      const layer = `conv${stage + 1}_${at}`;
      x = activated(conv(x, width, 3, 1, layer), layer);
    }
  });
  return classified(inputs, x, name);
};

/** Stages of residual blocks, halved from the second on, after a stem that halves the picture. */
const residual = (name: string, widths: readonly number[], blocks: number): tf.LayersModel => {
  const inputs = image();
  let x = activated(conv(inputs, widths[0] ?? 8, 3, 2, 'stem'), 'stem');
  widths.forEach((width, stage) => {
    for (let block = 1; block <= blocks; block++) {
      const at = `stage${stage + 1}_${block}`;
      const strides = stage > 0 && block === 1 ? 2 : 1;
      const inner = activated(conv(x, width, 3, strides, `${at}_a`), `${at}_a`);
      const outer = conv(inner, width, 3, 1, `${at}_b`);
      const isSame = strides === 1 && x.shape[3] === width;
      const shortcut = isSame ? x : conv(x, width, 1, strides, `${at}_c`);
      const sum = tf.layers.add({ name: `${at}_sum` }).apply([outer, shortcut]) as Symbol;
      x = activated(sum, at);
    }
  });
  return classified(inputs, x, name);
};

/** Depthwise and pointwise convolutions, halved at every width but the first. */
const depthwise = (name: string, widths: readonly number[]): tf.LayersModel => {
  const inputs = image();
  let x = activated(conv(inputs, widths[0] ?? 8, 3, 2, 'stem'), 'stem');
  widths.forEach((width, at) => {
    const block = `block${at + 1}`;
    const separate = tf.layers.depthwiseConv2d({
      name: `${block}_depthwise`,
      kernelSize: 3,
      strides: at === 0 ? 1 : 2,
      padding: 'same',
      useBias: false,
      depthwiseInitializer: 'heNormal',
    });
    x = activated(conv(separate.apply(x) as Symbol, width, 1, 1, `${block}_pointwise`), block);
  });
  return classified(inputs, x, name);
};

export const chainTeacher = () => chain('chain-teacher', [16, 32, 64], 2);
export const chainStudent = () => chain('chain-student', [12, 24, 48], 1);
export const residualTeacher = () => residual('residual-teacher', [24, 48, 96], 3);
export const residualStudent = () => residual('residual-student', [8, 16, 32], 1);
export const depthwiseStudent = () => depthwise('depthwise-student', [16, 32, 64]);
