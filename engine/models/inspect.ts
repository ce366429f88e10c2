import type { ModelInfo } from '../contract/model';
import { openModel } from './open';

/** Describes a model and lets it go again. The backend must be chosen before. Throws what `openModel` throws. */
export const inspectModel = async (reference: string): Promise<ModelInfo> => {
  const network = await openModel(reference, { input: {}, seed: 'inspect' });
  network.dispose();
  return network.info;
};
