import type { BackendChoice } from './run';

/** A TensorFlow that Retort has set up for itself. */
export interface InstalledTensorflow {
  tensorflow: string;
  platform: string;
  arch: string;
  /** Folder of TensorFlow's libraries: `.` (beside the binding), or an absolute folder of the user's own Python. */
  libraries: string;
  /** Compiled against this very TensorFlow, or made elsewhere for any TensorFlow 2 of this platform. */
  binding: 'compiled' | 'prebuilt';
  /** Where it comes from, in words. */
  source: string;
  installedAt: string;
  folder: string;
  /** What a removal frees. */
  bytes: number;
}

/** A Python of this machine, and what of it matters to Retort. */
export interface FoundPython {
  /** Absolute path, as the interpreter says it itself. */
  python: string;
  /** How it was found, e.g. `PATH`. */
  origin: string;
  version: string;
  /** Null where it has none. */
  tensorflow: { version: string; folder: string } | null;
  /** Version; null where it has none. */
  keras: string | null;
}

/** What `retort backends --json` prints. */
export interface BackendReport {
  /** What `auto` chooses here, and why not something better. */
  choice: BackendChoice;
  /** In the cache folder, the one in use first. */
  installed: InstalledTensorflow[];
  /** In the order in which they are asked for TensorFlow. */
  pythons: FoundPython[];
  /** Whether this package carries a binding for this platform, for machines without a compiler. */
  prebuilt: boolean;
  /** The folder that RETORT_TENSORFLOW names, which goes before those installed; null where it is unset. */
  named: string | null;
  /** Where runtimes are installed. */
  folder: string;
  platform: string;
  arch: string;
  node: string;
}

/** What `retort backends --remove --json` prints. */
export interface RemovalReport {
  removed: InstalledTensorflow[];
  bytes: number;
}
