import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import { loadLayersFile } from './layersFile';

/** Told of each layer or model that model code makes, and of the user's classes whose constructors led there. */
export type OnMade = (made: object, classes: ReadonlySet<string>) => void;

type Maker = (...args: unknown[]) => unknown;
type Constructor = new (...args: never[]) => object;
type Named = { name: string; getClassName(): string };

/** Counts like a fresh TensorFlow.js: the first Conv2D is `conv2d_Conv2D1` in every opening. */
class Names {
  private readonly counts = new Map<string, number>();

  next(prefix: string): string {
    const count = (this.counts.get(prefix) ?? 0) + 1;
    this.counts.set(prefix, count);
    return `${prefix}${count}`;
  }

  /** Gives a layer that was named by tfjs's process-wide counter the name that counts in this opening alone. */
  rename(layer: Named): void {
    const className = layer.getClassName();
    const at = layer.name.lastIndexOf(className);
    if (at >= 0) layer.name = this.next(layer.name.slice(0, at + className.length));
  }
}

const nameGiven = (args: unknown[]): boolean =>
  typeof args[0] === 'object' && args[0] !== null && typeof (args[0] as { name?: unknown }).name === 'string';

/** Models and inputs use their name while they are made, so it must be there beforehand. */
const withName = (args: unknown[], name: string): unknown[] => [{ ...(args[0] as object), name }];

const classChain = (made: Constructor): Set<string> => {
  const names = new Set<string>();
  for (let at = made; typeof at === 'function' && at.name; at = Object.getPrototypeOf(at)) names.add(at.name);
  return names;
};

const nothing: ReadonlySet<string> = new Set();

/** What `tf.io.fileSystem` gives in tfjs-node: the name of a model's file. */
class FileSource {
  constructor(readonly path: string) {}
}

/** Backends are the engine's affair: what code sets in one (paths, threads) is taken and dropped. */
const backendSettings = Object.fromEntries(
  ['setWasmPath', 'setWasmPaths', 'setThreadsCount', 'forceHalfFloat'].map((name) => [name, () => undefined]),
);

/** The `tf` of one opening: the engine's own, with layers named from one and their making told to `onMade`. */
class CodeTensorflow {
  private readonly names = new Names();

  constructor(
    private readonly file: string,
    private readonly onMade: OnMade,
  ) {}

  namespace(): Record<string, unknown> {
    const { makeInput } = this;
    return {
      ...tf,
      layers: { ...this.layers(), input: makeInput },
      input: makeInput,
      model: this.modelMaker(tf.model as Maker, 'model'),
      sequential: this.modelMaker(tf.sequential as Maker, 'sequential_'),
      LayersModel: this.modelClass(tf.LayersModel as Constructor, 'model'),
      Sequential: this.modelClass(tf.Sequential as Constructor, 'sequential_'),
      loadLayersModel: this.load,
      loadGraphModel: this.loadGraph,
      io: { ...tf.io, fileSystem: (path: string) => new FileSource(path) },
      setBackend: async () => true,
    };
  }

  private layers(): Record<string, unknown> {
    const entries = Object.entries(tf.layers).map(([name, value]) => {
      if (name === 'inputLayer') return [name, this.inputLayer] as const;
      const isClass = /^[A-Z]/.test(name);
      const wrapped = isClass
        ? this.layerClass(value as unknown as Constructor)
        : this.layerMaker(value as Maker);
      return [name, wrapped] as const;
    });
    return Object.fromEntries(entries);
  }

  private layerMaker(make: Maker): Maker {
    return (...args) => {
      const layer = make(...args) as Named;
      if (!nameGiven(args)) this.names.rename(layer);
      this.onMade(layer, nothing);
      return layer;
    };
  }

  private layerClass(base: Constructor): Constructor {
    return new Proxy(base, {
      construct: (target, args: unknown[], newTarget) => {
        const layer = Reflect.construct(target, args, newTarget) as Named;
        if (!nameGiven(args)) this.names.rename(layer);
        this.onMade(layer, classChain(newTarget as Constructor));
        return layer;
      },
    });
  }

  private modelMaker(make: Maker, prefix: string): Maker {
    return (...args) => {
      const model = make(...(nameGiven(args) ? args : withName(args, this.names.next(prefix)))) as object;
      this.onMade(model, nothing);
      return model;
    };
  }

  private modelClass(base: Constructor, prefix: string): Constructor {
    return new Proxy(base, {
      construct: (target, args: unknown[], newTarget) => {
        const named = nameGiven(args) ? args : withName(args, this.names.next(prefix));
        const model = Reflect.construct(target, named, newTarget) as object;
        this.onMade(model, classChain(newTarget as Constructor));
        return model;
      },
    });
  }

  private readonly makeInput = (...args: unknown[]): unknown => {
    const symbolic = (tf.input as unknown as Maker)(
      ...(nameGiven(args) ? args : withName(args, this.names.next('input'))),
    ) as tf.SymbolicTensor;
    this.onMade(symbolic.sourceLayer, nothing);
    return symbolic;
  };

  private readonly inputLayer = (...args: unknown[]): unknown => {
    const layer = (tf.layers.inputLayer as unknown as Maker)(
      ...(nameGiven(args) ? args : withName(args, this.names.next('input'))),
    ) as object;
    this.onMade(layer, nothing);
    return layer;
  };

  /** The file behind a source: `file://…`, a path, or what `tf.io.fileSystem` made; null for anything else. */
  private fileOf(source: unknown): string | null {
    if (source instanceof FileSource) return this.found(source.path);
    if (typeof source !== 'string' || /^(?!file:)[a-z][a-z\d+.-]+:/i.test(source)) return null;
    if (source.startsWith('file:///')) return fileURLToPath(source);
    return this.found(source.replace(/^file:\/\//, ''));
  }

  /** Relative to the working folder or to the code. */
  private found(path: string): string {
    return existsSync(resolve(path)) ? resolve(path) : resolve(dirname(this.file), path);
  }

  /** Files work on every backend here. */
  private readonly load: typeof tf.loadLayersModel = async (source, options) => {
    const file = this.fileOf(source);
    return file === null ? tf.loadLayersModel(source, options) : (await loadLayersFile(file)).model;
  };

  /** A graph-model is no layers model, but opens as a teacher by its file. */
  private readonly loadGraph = async (source: unknown): Promise<never> => {
    const file = this.fileOf(source) ?? String(source);
    throw new Failed(
      'modelUnsupported',
      `The code loads the graph-model ${basename(file)}, which has no layers to name.`,
      `Name ${file} itself as the teacher.`,
    );
  };
}

/**
 * What `require` and `import` of a TensorFlow.js package give to the model code in `file`: always the engine's own
 * instance. Null for every other package.
 */
export const tensorflowForCode = (
  file: string,
  onMade: OnMade,
): ((request: string) => Record<string, unknown> | null) => {
  const namespace = new CodeTensorflow(file, onMade).namespace();
  return (request) => {
    const name = /^@tensorflow\/tfjs(?:-([a-z-]+))?(?:\/|$)/.exec(request);
    if (!name) return null;
    if (name[1] === 'data') return { ...tf.data };
    return name[1]?.startsWith('backend') ? backendSettings : namespace;
  };
};
