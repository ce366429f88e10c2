import { open } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Failed } from '../contract/failure';

interface Foreign {
  /** What the file is, as a person would say it. */
  what: string;
  next: string;
}

const converter = 'Convert it with tensorflowjs_converter to a tfjs_layers_model and name its model.json.';
const foreignEndings: Record<string, Foreign> = {
  '.h5': { what: 'a Keras HDF5 model', next: converter },
  '.hdf5': { what: 'a Keras HDF5 model', next: converter },
  '.keras': { what: 'a Keras 3 archive', next: converter },
  '.onnx': {
    what: 'an ONNX model',
    next: 'Use the same network as a TensorFlow.js layers-model or as model code.',
  },
  '.pb': { what: 'a TensorFlow SavedModel or frozen graph', next: converter },
  '.tflite': {
    what: 'a TensorFlow Lite model',
    next: 'Use the Keras or TensorFlow.js model that it was made from.',
  },
  '.pt': {
    what: 'a PyTorch checkpoint',
    next: 'Use the same network as a TensorFlow.js layers-model or as model code.',
  },
  '.pth': {
    what: 'a PyTorch checkpoint',
    next: 'Use the same network as a TensorFlow.js layers-model or as model code.',
  },
  '.safetensors': {
    what: 'a file of bare weights (safetensors)',
    next: 'Use the same network as a TensorFlow.js layers-model or as model code.',
  },
  '.bin': { what: 'a file of bare weights', next: 'Name the model.json that it belongs to.' },
};

const startsWith = (head: Buffer, text: string, at = 0): boolean =>
  head.subarray(at, at + text.length).toString('latin1') === text;

const knownEnding = (file: string): Foreign | undefined => foreignEndings[extname(file).toLowerCase()];

const foreignKind = (file: string, head: Buffer): Foreign | undefined => {
  if (startsWith(head, '\x89HDF')) return foreignEndings['.h5'];
  if (startsWith(head, 'TFL3', 4)) return foreignEndings['.tflite'];
  const isZip = startsWith(head, 'PK\x03\x04');
  return knownEnding(file) ?? (isZip ? { what: 'a zip archive', next: converter } : undefined);
};

const readHead = async (file: string): Promise<Buffer> => {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
};

/** True for the text that stands in for a file kept by Git LFS and not fetched. */
export const isLfsPointer = (head: Uint8Array): boolean =>
  startsWith(
    Buffer.from(head.buffer, head.byteOffset, head.byteLength),
    'version https://git-lfs.github.com/',
  );

export const lfsFailure = (file: string): Failed =>
  new Failed(
    'modelInvalid',
    `${basename(file)} is a Git LFS pointer, not the file itself.`,
    'Run `git lfs pull` in its repository.',
  );

/** Throws `modelUnsupported`, `modelInvalid` or `modelNotFound` for a file that cannot hold a layers-model. */
export const refuseForeignFile = async (file: string): Promise<void> => {
  const head = await readHead(file).catch((error: unknown) => {
    throw new Failed('modelNotFound', `${file} cannot be read.`, 'Check its permissions.', { cause: error });
  });
  if (isLfsPointer(head)) throw lfsFailure(file);
  const foreign = foreignKind(file, head);
  if (foreign)
    throw new Failed(
      'modelUnsupported',
      `${basename(file)} is ${foreign.what}, which Retort does not open yet.`,
      foreign.next,
    );
  if (head.length === 0)
    throw new Failed('modelInvalid', `${basename(file)} is empty.`, 'Save or download the model again.');
};
