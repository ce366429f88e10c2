import { z } from 'zod';

/** What methods that train a generator let a recipe say of it. */
export const ganOptions = {
  ganRate: z
    .number()
    .positive()
    .default(5e-4)
    .describe('The generator’s learning rate; the critic’s is twice that.'),
  width: z
    .int()
    .positive()
    .default(32)
    .describe('Channels of the generator’s last map and of the critic’s first.'),
  latent: z.int().positive().default(64).describe('Length of the noise that pictures are generated from.'),
};
