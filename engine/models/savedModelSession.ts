import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend';

type Run = Parameters<NodeJSKernelBackend['runSavedModel']>;

/** Types that tfjs lacks and tfjs-node converts to on the way in, by TensorFlow's number. */
const converted: Record<number, string> = { 4: 'DT_UINT8', 9: 'DT_INT64' };

/** A value that is given to a session: `node` or `node:0`. */
export interface Given {
  name: string;
  tensor: tf.Tensor;
  /** TensorFlow's number of its type. */
  type: number;
}

const withOutput = (name: string): string => (name.includes(':') ? name : `${name}:0`);

/** A SavedModel in a TensorFlow session of its own. */
export class SavedModelSession {
  private constructor(
    private readonly backend: NodeJSKernelBackend,
    private readonly id: number,
  ) {}

  /**
   * Loads `graph` (a whole saved_model.pb) with the variables and assets of `folder`. Throws TensorFlow's own error. The
   * backend must be TensorFlow.
   */
  static async load(folder: string, graph: Uint8Array, tags: readonly string[]): Promise<SavedModelSession> {
    const backend = tf.backend() as NodeJSKernelBackend;
    const scratch = await mkdtemp(join(tmpdir(), 'retort-saved-'));
    try {
      await writeFile(join(scratch, 'saved_model.pb'), graph);
      for (const name of ['variables', 'assets', 'assets.extra'])
        if (existsSync(join(folder, name)))
          await symlink(join(folder, name), join(scratch, name), 'junction');
      return new SavedModelSession(backend, backend.loadSavedModelMetaGraph(scratch, tags.join(',')));
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Computes the named values (`node` or `node:1`) from others. */
  run(given: readonly Given[], names: readonly string[]): tf.Tensor[] {
    const described = given.map(({ name, type }) => ({
      name: withOutput(name),
      dtype: 'float32',
      tfDtype: converted[type] ?? '',
    }));
    const tensors = given.map(({ tensor, type }) => (type === 1 ? tensor : tensor.cast('int32')));
    return this.backend.runSavedModel(
      this.id,
      tensors,
      described as unknown as Run[2],
      names.map(withOutput),
    );
  }

  dispose(): void {
    this.backend.deleteSavedModel(this.id);
  }
}
