import type * as h5wasm from 'h5wasm';
import { Failed } from '../contract/failure';

/** An array of numbers as an HDF5 file stores it. */
export interface StoredArray {
  /** Its path in the file, without a leading slash. */
  path: string;
  shape: number[];
  /** Reads the values, of whatever type of number, as float32. */
  read(): Float32Array;
}

/** What Retort reads of an HDF5 file. Paths have no leading slash; the root is ''. */
export interface Hdf5 {
  /** By path, in the file's order. */
  arrays: ReadonlyMap<string, StoredArray>;
  hasGroup(path: string): boolean;
  /** Names of the groups in a group. */
  groups(path: string): string[];
  /** An attribute of a group, as text; null where there is none. */
  text(group: string, name: string): string | null;
  /** An attribute that is a list of texts; h5py cuts long ones into `name0`, `name1`, … */
  texts(group: string, name: string): string[] | null;
}

type Module = typeof h5wasm;

const loadLibrary = async (): Promise<Module> => {
  try {
    const library = await import('h5wasm');
    const { activate_throwing_error_handler: throwErrors } = await library.ready;
    throwErrors();
    return library;
  } catch (error) {
    throw new Failed(
      'backendMissing',
      `Keras files cannot be read: h5wasm does not load on this machine (${(error as Error).message.split('\n')[0]}).`,
      'Install the packages again with npm.',
    );
  }
};

const float32 = (value: unknown): Float32Array => {
  if (value instanceof Float32Array) return value;
  if (typeof value === 'number' || typeof value === 'bigint') return Float32Array.of(Number(value));
  return Float32Array.from(value as ArrayLike<number | bigint>, Number);
};

class OpenedHdf5 implements Hdf5 {
  readonly arrays = new Map<string, StoredArray>();
  private readonly found = new Map<string, h5wasm.Group>();

  constructor(library: Module, root: h5wasm.File) {
    this.found.set('', root);
    for (const path of root.paths()) {
      const entity = root.get(path);
      if (entity instanceof library.Group) this.found.set(path, entity);
      if (entity instanceof library.Dataset)
        this.arrays.set(path, { path, shape: entity.shape ?? [], read: () => float32(entity.value) });
    }
  }

  hasGroup(path: string): boolean {
    return this.found.has(path);
  }

  groups(path: string): string[] {
    const prefix = path === '' ? '' : `${path}/`;
    return [...this.found.keys()]
      .filter((name) => name !== '' && name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
      .filter((name) => name !== '' && !name.includes('/'));
  }

  text(group: string, name: string): string | null {
    const value = this.found.get(group)?.attrs[name]?.value;
    if (typeof value === 'string') return value;
    return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : null;
  }

  texts(group: string, name: string): string[] | null {
    const attributes = this.found.get(group)?.attrs ?? {};
    const pieces = Object.keys(attributes)
      .filter((key) => key.startsWith(name) && /^\d*$/.test(key.slice(name.length)))
      .sort((one, other) => Number(one.slice(name.length)) - Number(other.slice(name.length)));
    if (pieces.length === 0) return null;
    return pieces.flatMap((key) => [...((attributes[key]?.value ?? []) as string[])]);
  }
}

let opened = 0;

const openRoot = (library: Module, path: string, name: string): h5wasm.File => {
  try {
    return new library.File(path, 'r');
  } catch (error) {
    throw new Failed(
      'modelInvalid',
      `${name} is cut short or damaged.`,
      'Download it or save the model again.',
      { cause: error },
    );
  }
};

/** Lets `work` read an HDF5 file from memory. Throws `modelInvalid` for bytes that are none, or are cut short. */
export const withHdf5 = async <T>(
  bytes: Uint8Array,
  name: string,
  work: (file: Hdf5) => Promise<T>,
): Promise<T> => {
  const library = await loadLibrary();
  const { FS } = await library.ready;
  const path = `/${opened++}.h5`;
  FS.writeFile(path, bytes);
  try {
    const root = openRoot(library, path, name);
    try {
      return await work(new OpenedHdf5(library, root));
    } finally {
      root.close();
    }
  } finally {
    FS.unlink(path);
  }
};
