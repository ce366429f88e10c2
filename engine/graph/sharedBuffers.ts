import type * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend';

/** Below this a tensor keeps memory of its own: there is little to save. In values. */
const leastValues = 2 ** 14;

/** What tfjs-node notes of a tensor: the handle of the TensorFlow tensor that holds its values. */
interface Holder {
  id: number;
}

/**
 * Lets large float32 tensors of one shape be one piece of memory. Their values are lost; their shapes stay, and that is
 * all that it takes to see which operations a step asks for. So recording a step takes the memory of its largest tensors
 * and not of all that its gradient needs.
 */
export class SharedBuffers {
  private readonly handles = new Map<string, number>();

  constructor(private readonly backend: NodeJSKernelBackend) {}

  /** Gives up the tensor's own memory for that of the first tensor of its shape. */
  share({ dataId, dtype, shape, size }: tf.Tensor): void {
    if (dtype !== 'float32' || size < leastValues) return;
    const { tensorMap } = this.backend as unknown as { tensorMap: { get(data: object): Holder } };
    const holder = tensorMap.get(dataId);
    const first = this.handles.get(shape.join());
    if (first === undefined) {
      this.handles.set(shape.join(), this.another(holder.id));
      return;
    }
    this.backend.binding.deleteTensor(holder.id);
    holder.id = this.another(first);
  }

  dispose(): void {
    for (const handle of this.handles.values()) this.backend.binding.deleteTensor(handle);
    this.handles.clear();
  }

  /** Another handle for the same memory. */
  private another(handle: number): number {
    const { binding } = this.backend;
    const type = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
    const [made] = binding.executeOp('Identity', [type], [handle], 1);
    if (!made) throw new Error('TensorFlow gave no second handle of a tensor');
    return made.id;
  }
}
