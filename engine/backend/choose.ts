import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { BackendChoice } from '../contract/run';
import { useTensorflow } from './tensorflow';

const cpuDescription = 'JavaScript, CPU (slow: for small models and for checking)';

const useCpu = async (): Promise<void> => {
  await tf.setBackend('cpu');
  await tf.ready();
  // Its first use would print advice to install another package; `passedOver` says what is better.
  Object.assign(tf.backend(), { firstUse: false });
};

/**
 * Sets tfjs's backend, ready to compute. `auto` takes the best that works: TensorFlow, then plain JavaScript, and says
 * why a better one was passed over. May be called again, also with another wish.
 *
 * @throws Failed backendMissing or backendBroken where `tensorflow` was asked for and does not work.
 */
export const useBackend = async (wanted: 'auto' | 'tensorflow' | 'cpu'): Promise<BackendChoice> => {
  if (wanted === 'cpu') {
    await useCpu();
    const reason = 'The cpu backend was asked for.';
    return { name: 'cpu', description: cpuDescription, passedOver: [{ name: 'tensorflow', reason }] };
  }
  try {
    return { name: 'tensorflow', description: await useTensorflow(), passedOver: [] };
  } catch (error) {
    if (wanted === 'tensorflow' || !(error instanceof Failed)) throw error;
    await useCpu();
    const reason = `${error.message} ${error.next}`;
    return { name: 'cpu', description: cpuDescription, passedOver: [{ name: 'tensorflow', reason }] };
  }
};
