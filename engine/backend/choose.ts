import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { BackendChoice } from '../contract/run';
import type { Started } from './started';
import { useTensorflow } from './tensorflow';
import { useWasm } from './wasm/register';

type Name = BackendChoice['name'];

const useCpu = async (): Promise<Started> => {
  await tf.setBackend('cpu');
  await tf.ready();
  // Its first use would print advice to install another package; `passedOver` says what is better.
  Object.assign(tf.backend(), { firstUse: false });
  return { description: 'JavaScript, CPU (slow: for small models and for checking)', passedOver: [] };
};

/** Best first. */
const ladder: readonly { name: Name; use: () => Promise<Started> }[] = [
  { name: 'tensorflow', use: useTensorflow },
  { name: 'wasm', use: useWasm },
  { name: 'cpu', use: useCpu },
];

/**
 * Sets tfjs's backend, ready to compute. `auto` takes the best that works: TensorFlow, then WebAssembly, then plain
 * JavaScript, and says why a better one was passed over. May be called again, also with another wish.
 *
 * @throws Failed backendMissing or backendBroken where one was asked for by name and does not work.
 */
export const useBackend = async (wanted: 'auto' | Name): Promise<BackendChoice> => {
  const passedOver: BackendChoice['passedOver'] = [];
  for (const { name, use } of ladder) {
    if (wanted !== 'auto' && wanted !== name) {
      passedOver.push({ name, reason: `The ${wanted} backend was asked for.` });
      continue;
    }
    try {
      const started = await use();
      passedOver.push(...started.passedOver);
      return { name, description: started.description, passedOver };
    } catch (error) {
      if (wanted === name || !(error instanceof Failed)) throw error;
      passedOver.push({ name, reason: `${error.message} ${error.next}` });
    }
  }
  throw new Error(`there is no backend ${wanted}`);
};
