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
  '.pb': {
    what: 'a frozen TensorFlow graph',
    next: 'Use the SavedModel folder of the same network, or convert it with tensorflowjs_converter to a tfjs_graph_model; both open as teachers.',
  },
  '.pbtxt': {
    what: 'a TensorFlow graph in text form',
    next: 'Save the model again as a SavedModel, e.g. with model.export("folder").',
  },
  '.tflite': {
    what: 'a TensorFlow Lite model',
    next: 'Use the Keras or TensorFlow.js model that it was made from.',
  },
  '.pt': {
    what: 'a PyTorch checkpoint',
    next: 'Export it with torch.onnx.export: an ONNX model opens as a teacher.',
  },
  '.pth': {
    what: 'a PyTorch checkpoint',
    next: 'Export it with torch.onnx.export: an ONNX model opens as a teacher.',
  },
  '.safetensors': {
    what: 'a file of bare weights (safetensors)',
    next: 'Use the same network as a TensorFlow.js layers-model or as model code.',
  },
  '.py': {
    what: 'Python code',
    next: 'Save its Keras model first: `retort export-keras file.py#name`, or “Distill this model” over it.',
  },
  '.bin': { what: 'a file of bare weights', next: 'Name the model.json that it belongs to.' },
};

const startsWith = (head: Buffer, text: string, at = 0): boolean =>
  head.subarray(at, at + text.length).toString('latin1') === text;

/** How a file's contents are read. */
export type FileFormat = 'json' | 'keras' | 'onnx' | 'saved-model';

const formatEndings: Record<string, FileFormat> = {
  '.h5': 'keras',
  '.hdf5': 'keras',
  '.keras': 'keras',
  '.onnx': 'onnx',
};

/** First bytes tell more than a name; null for a format that Retort does not read. */
const formatIn = (head: Buffer, ending: string, name: string): FileFormat | null => {
  if (startsWith(head, '\x89HDF')) return 'keras';
  if (name === 'saved_model.pb') return 'saved-model';
  if (ending in foreignEndings) return null;
  return formatEndings[ending] ?? (startsWith(head, 'PK\x03\x04') ? 'keras' : 'json');
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

/**
 * What a model file is. Throws `modelUnsupported`, `modelInvalid` or `modelNotFound` for one that Retort cannot read.
 */
export const formatOf = async (file: string): Promise<FileFormat> => {
  const head = await readHead(file).catch((error: unknown) => {
    throw new Failed('modelNotFound', `${file} cannot be read.`, 'Check its permissions.', { cause: error });
  });
  if (isLfsPointer(head)) throw lfsFailure(file);
  if (head.length === 0)
    throw new Failed('modelInvalid', `${basename(file)} is empty.`, 'Save or download the model again.');
  const ending = startsWith(head, 'TFL3', 4) ? '.tflite' : extname(file).toLowerCase();
  const format = formatIn(head, ending, basename(file));
  if (format) return format;
  const foreign = foreignEndings[ending];
  throw new Failed(
    'modelUnsupported',
    `${basename(file)} is ${foreign?.what}, which Retort does not open yet.`,
    foreign?.next ?? converter,
  );
};
