import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { FrozenGraph } from './frozenNetwork';
import { inlineFunctions, NotInlinable, type InlinedGraph } from './inlineFunctions';
import { firstSentence } from './layersFile';
import { inlinedGraph, outputGraph, variableKinds, type OpenedSavedModel } from './savedModelGraph';
import { lengthsOf, readSavedModel, withNodes, type Signature, type StoredGraph } from './savedModelFormat';
import { SavedModelSession } from './savedModelSession';

const setUp =
  'Run “Retort: Set Up Native TensorFlow” (`retort backends --install`), and leave the backend to `auto`.';
const saveAgain = 'Save the model again with all its files, e.g. with model.export("folder").';
const usual = ['serving_default', 'serve', 'predict'];
const internal = '__saved_model_init_op';

/** Types that can be fed: float32, int32, uint8, int64. */
const fed = new Set([1, 3, 4, 9]);

const parse = (bytes: Uint8Array, name: string): StoredGraph => {
  const graphs = readSavedModel(bytes);
  const graph = graphs?.find(({ tags }) => tags.includes('serve')) ?? graphs?.[0];
  if (graph) return graph;
  throw new Failed('modelInvalid', `${name} is cut short or no TensorFlow SavedModel.`, saveAgain);
};

const namesOf = ({ signatures }: StoredGraph): string[] =>
  Object.keys(signatures).filter((name) => name !== internal);

/** The signature asked for, else the usual one, else the first. */
const chooseSignature = (graph: StoredGraph, wanted: string | null, name: string): string => {
  const names = namesOf(graph);
  const chosen = wanted ?? usual.find((one) => names.includes(one)) ?? names[0];
  if (chosen !== undefined && names.includes(chosen)) return chosen;
  throw new Failed(
    wanted === null ? 'modelUnsupported' : 'modelNotFound',
    wanted === null
      ? `${name} has no signature, so nothing tells its input from its output.`
      : `${name} has no signature ${wanted}.`,
    names.length > 0 ? `Name one of its signatures: ${names.join(', ')}.` : saveAgain,
  );
};

const inputOf = ({ inputs }: Signature, name: string): OpenedSavedModel['input'] => {
  const [input, ...more] = Object.values(inputs);
  if (!input || more.length > 0)
    throw new Failed(
      'modelUnsupported',
      `${name} has ${Object.keys(inputs).length} inputs; Retort distils models with one.`,
      'Use a signature with a single input: name it behind the folder, as `folder#signature`.',
    );
  if (!fed.has(input.dtype))
    throw new Failed(
      'modelUnsupported',
      `The input of ${name} is of a type that is not fed.`,
      'Export the model with a float32 input.',
    );
  const [, ...shape] = lengthsOf(input.tensorShape) ?? [];
  if (shape.length === 0 || shape.some((length) => length < 1))
    throw new Failed(
      'modelUnsupported',
      `${name} leaves lengths of its input open: [${shape.map((length) => (length < 1 ? '?' : length)).join(', ')}].`,
      'Export it with a fixed input size, e.g. [32, 32, 3]; the batch may stay open.',
    );
  return { name: input.name.replace(/:0$/, ''), type: input.dtype, shape };
};

/** By name; protocol buffers keep no order. */
const outputsOf = ({ outputs }: Signature): { key: string; source: string }[] =>
  Object.entries(outputs)
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([key, { name }]) => ({ key, source: name }));

const digest = async (file: string): Promise<Uint8Array> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest();
};

/** Large files by their SHA-256. */
const contentsOf = async (folder: string, graph: Uint8Array): Promise<Uint8Array[]> => {
  const variables = join(folder, 'variables');
  const names = (await readdir(variables).catch(() => [])).sort();
  return [graph, ...(await Promise.all(names.map((name) => digest(join(variables, name)))))];
};

/** TensorFlow itself goes on without, and then finds no values. */
const refuseWithoutVariables = ({ nodes }: StoredGraph, folder: string): void => {
  if (!nodes.some(({ op }) => variableKinds.has(op))) return;
  if (existsSync(join(folder, 'variables', 'variables.index'))) return;
  throw new Failed('modelInvalid', `${basename(folder)} lacks its variables/variables.index.`, saveAgain);
};

const explained = (error: unknown, name: string): Failed => {
  const reason = firstSentence(error).replace(/^Failed to load SavedModel: /, '');
  return /variables|Not found|NOT_FOUND/i.test(reason)
    ? new Failed('modelInvalid', `${name} lacks files of its variables: ${reason}.`, saveAgain, {
        cause: error,
      })
    : new Failed('modelUnsupported', `TensorFlow refuses ${name}: ${reason}.`, saveAgain, { cause: error });
};

/** The graph with its functions written out, or why that cannot be done. */
const tryInline = (graph: StoredGraph, sources: readonly string[]): InlinedGraph | string => {
  try {
    return inlineFunctions(graph, sources);
  } catch (error) {
    if (error instanceof NotInlinable) return error.message;
    throw error;
  }
};

const closeEnough = (a: tf.Tensor, b: tf.Tensor): boolean =>
  a.shape.join() === b.shape.join() &&
  tf.tidy(() => {
    const scale = a.abs().max().maximum(1);
    const difference = a.sub(b).abs().max().div(scale).dataSync()[0];
    return difference !== undefined && difference <= 1e-5;
  });

/** Whether the written-out graph computes what the signature does; a wrong tap would be worse than none. */
const agrees = (session: SavedModelSession, opened: OpenedSavedModel, inlined: InlinedGraph): boolean =>
  tf.tidy(() => {
    const tensor = tf.randomUniform([1, ...opened.input.shape], 0, 1, 'float32', 1);
    const given = [{ name: opened.input.name, tensor, type: opened.input.type }];
    const stored = session.run(
      given,
      opened.outputs.map(({ source }) => source),
    );
    const copied = session.run(given, inlined.outputs);
    return stored.every((value, index) =>
      closeEnough(value.cast('float32'), (copied[index] as tf.Tensor).cast('float32')),
    );
  });

const openInlined = async (
  folder: string,
  opened: OpenedSavedModel,
  inlined: InlinedGraph,
): Promise<FrozenGraph | string> => {
  const { graph } = opened;
  const bytes = withNodes(graph, inlined.added);
  let session: SavedModelSession | null = null;
  try {
    session = await SavedModelSession.load(folder, bytes, graph.tags);
    if (agrees(session, opened, inlined)) return inlinedGraph(session, opened, inlined);
    session.dispose();
    return 'written out, its functions compute something else';
  } catch (error) {
    session?.dispose();
    return firstSentence(error);
  }
};

/**
 * Opens a TensorFlow SavedModel: frozen, run by TensorFlow itself in a session of its own. The values inside its
 * functions are taps where the functions can be written out, else its outputs alone, and the opening's report says why.
 * `signature`: null for the usual one.
 *
 * @throws Failed backendMissing (another backend), modelInvalid (damaged, variables missing), modelUnsupported (several
 * inputs, open lengths), modelNotFound (no such signature).
 */
export const loadSavedModel = async (file: string, signature: string | null): Promise<FrozenGraph> => {
  const folder = dirname(resolve(file));
  const name = basename(folder);
  if (tf.getBackend() !== 'tensorflow')
    throw new Failed(
      'backendMissing',
      `${name} is a TensorFlow SavedModel, which needs native TensorFlow.`,
      setUp,
    );
  const bytes = await readFile(file);
  const graph = parse(bytes, name);
  refuseWithoutVariables(graph, folder);
  const chosen = chooseSignature(graph, signature, name);
  const interface_ = graph.signatures[chosen] as Signature;
  const opened: OpenedSavedModel = {
    name,
    graph,
    input: inputOf(interface_, name),
    outputs: outputsOf(interface_),
    otherSignatures: namesOf(graph).filter((one) => one !== chosen),
    contents: [Buffer.from(chosen), ...(await contentsOf(folder, bytes))],
  };
  const inlined = tryInline(
    graph,
    opened.outputs.map(({ source }) => source),
  );
  const whole = typeof inlined === 'string' ? inlined : await openInlined(folder, opened, inlined);
  if (typeof whole !== 'string') return whole;
  const session = await SavedModelSession.load(folder, withNodes(graph, []), graph.tags).catch(
    (error: unknown) => {
      throw explained(error, name);
    },
  );
  return outputGraph(session, opened, whole);
};
