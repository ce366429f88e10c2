import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { mutualLoss } from '../losses/dml';
import { cohortSize, openCohort, peerCrossEntropies } from './cohort';
import type { Method, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('dml'),
  ...lossKeys,
  networks: cohortSize,
  temperature: z
    .number()
    .positive()
    .default(1)
    .describe('Softens the distributions; 1 leaves them as they are.'),
});
type Options = z.infer<typeof options>;

/**
 * Deep mutual learning: a cohort of copies of the student, each of which learns from labels and imitates the others' class
 * probabilities: CE(zₘ, y) + 1/(M − 1) Σ_{l≠m} KL(zₗ ‖ zₘ), T 1. The student's own cross-entropy is the recipe's `task`. The
 * student, network 0, is exported.
 *
 * Decided here: all networks step together, each imitating what the others said before the step; in the paper they take turns.
 */
export const dml = {
  id: 'dml',
  title: 'Mutual learning (DML)',
  summary:
    'Needs no teacher: several students learn together and match each other’s class probabilities; the plainest cohort.',
  source: 'Zhang, Xiang, Hospedales and Lu, Deep Mutual Learning (CVPR 2018).',
  url: 'https://arxiv.org/abs/1706.00384',
  guide: {
    formula: 'CE(zₘ, y) + 1 / (M − 1) Σ KL(zₗ ‖ zₘ) over the other networks',
    needs: 'Labels, no teacher.',
    cost: 'One more student for every network: time and memory times `networks`.',
    fails:
      'Early, when all networks know little, they teach each other noise; a good teacher, where there is one, is stronger.',
    decisions: [
      'All networks step together, each imitating what the others said before the step; in the paper they take turns.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: async (setup: Setup, { networks, temperature }: Options): Promise<Prepared> => {
    const cohort = await openCohort(setup, networks);
    return {
      taps: { student: [], teachers: [] },
      networks: cohort.peers,
      losses: (step) => ({
        mutual: mutualLoss(
          cohort.outputs(step).map(({ logits }) => logits),
          temperature,
        ),
        ...peerCrossEntropies(cohort, step),
      }),
    };
  },
} satisfies Method<Options>;
