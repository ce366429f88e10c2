import type { RunModels } from '../../engine/contract/calls';
import type { LayerInfo, ModelInfo } from '../../engine/contract/model';
import type { SampleImage, Sheet, SheetRequest } from '../../engine/contract/sheet';

const location = { file: '/project/student.ts', line: 4, column: 2, endLine: 4 };

const model = (name: string, layers: [string, string, number[]][]): ModelInfo => ({
  reference: `${name}.ts#${name}`,
  name,
  format: 'code',
  inputShape: [28, 28, 1],
  outputShape: [10],
  softmaxRemoved: false,
  parameters: 1000,
  macs: 100_000,
  layers: layers.map(([layer, kind, shape]): LayerInfo => ({
    name: layer,
    kind,
    shape,
    parameters: 10,
    macs: 10,
    location,
  })),
  taps: [...layers.map(([layer]) => layer), 'logits'],
});

const block = (index: number, side: number, channels: number): [string, string, number[]][] => [
  [`conv${index}`, 'Conv2D', [side, side, channels]],
  [`bn${index}`, 'BatchNormalization', [side, side, channels]],
  [`relu${index}`, 'ReLU', [side, side, channels]],
];

export const fakeModels = (): RunModels => ({
  teacher: model('teacher', [
    ...block(1, 28, 32),
    ...block(2, 28, 32),
    ['pool1', 'MaxPooling2D', [14, 14, 32]],
    ...block(3, 14, 64),
    ...block(4, 14, 64),
    ['pool2', 'MaxPooling2D', [7, 7, 64]],
    ...block(5, 7, 128),
    ['features', 'GlobalAveragePooling2D', [128]],
  ]),
  student: model('student', [
    ...block(1, 28, 8),
    ['pool1', 'MaxPooling2D', [14, 14, 8]],
    ...block(2, 14, 16),
    ['pool2', 'MaxPooling2D', [7, 7, 16]],
    ...block(3, 7, 32),
    ['features', 'GlobalAveragePooling2D', [32]],
  ]),
  pairs: [
    { method: 'cwd', teacher: 'relu4', student: 'relu2', adapter: 'conv1x1' },
    { method: 'fitnets', teacher: 'relu5', student: 'relu3', adapter: 'conv1x1-bn-relu' },
  ],
  classes: [
    'ankle boot',
    'bag',
    'coat',
    'dress',
    'pullover',
    'sandal',
    'shirt',
    'sneaker',
    'trousers',
    'top',
  ],
  samples: 500,
});

const pairOf: Record<string, string> = { relu2: 'relu4', relu3: 'relu5' };

/** A sheet of blobs and bars: not an activation, but as lively as one. */
export const fakeSheet = (
  request: Omit<SheetRequest, 'run'>,
  models: RunModels,
  checkpoint: number,
): Sheet => {
  const { network, tap, view, sample } = request;
  const shapeOf = (which: 'teacher' | 'student', name: string) =>
    models[which]?.layers.find((layer) => layer.name === name)?.shape ?? [10];
  const shape = view === 'adapted' ? shapeOf('teacher', pairOf[tap] ?? tap) : shapeOf(network, tap);
  const [height, width, channels] =
    shape.length === 3 ? (shape as [number, number, number]) : [1, 1, shape[0] ?? 1];
  const min = new Float32Array(channels);
  const max = new Float32Array(channels);
  const data = new Uint8Array(channels * height * width);
  for (let channel = 0; channel < channels; channel++) {
    const phase = channel * 1.7 + sample * 0.9 + (network === 'teacher' ? 0 : 0.4);
    min[channel] = tap.startsWith('relu') ? 0 : -Math.abs(Math.sin(phase));
    max[channel] = 0.2 + 3 * Math.abs(Math.cos(phase * 0.7));
    if (height * width === 1) min[channel] = max[channel] ?? 0;
    for (let position = 0; position < height * width; position++) {
      const y = Math.floor(position / width) / height - 0.5;
      const x = (position % width) / width - 0.5;
      const blob = Math.exp(-8 * ((x - 0.25 * Math.cos(phase)) ** 2 + (y - 0.25 * Math.sin(phase)) ** 2));
      const bars = 0.5 + 0.5 * Math.sin(9 * (x * Math.cos(channel) + y * Math.sin(channel)) + phase);
      data[channel * height * width + position] = height * width === 1 ? 0 : Math.round(255 * blob * bars);
    }
  }
  const read = network === 'teacher' ? null : checkpoint;
  return { network, tap, view, height, width, channels, min, max, data, checkpoint: read };
};

export const fakeSample = (index: number): SampleImage => {
  const rgb = new Uint8Array(28 * 28 * 3);
  for (let position = 0; position < 28 * 28; position++) {
    const [x, y] = [(position % 28) - 14, Math.floor(position / 28) - 14];
    const inside = Math.abs(x) < 9 - y / 4 && Math.abs(y) < 11;
    rgb.fill(inside ? 150 + ((x * y + index * 40) % 90) : 8, position * 3, position * 3 + 3);
  }
  return {
    index,
    count: 500,
    height: 28,
    width: 28,
    rgb,
    label: 'dress',
    teacher: { label: 'dress', probability: 0.93 },
    student: { label: 'shirt', probability: 0.48 },
  };
};
