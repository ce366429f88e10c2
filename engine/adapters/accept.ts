import { Failed } from '../contract/failure';
import type { Proposal, ProposedPair } from '../contract/profile';
import type { Pair } from '../contract/recipe';
import type { Method } from '../methods/method';
import { chooseAdapter } from './build';

type Accepted = Pick<Method, 'id' | 'pairs' | 'keepPairs' | 'needs' | 'defaultWeight'>;

const adapterFor = (pair: ProposedPair, { needs }: Accepted): Pair['adapter'] => {
  if (!needs) return 'auto';
  const wanted = needs.channels === 'any' ? 'none' : (needs.connector ?? pair.adapter);
  return chooseAdapter({ ...pair, adapter: wanted, channels: channelsOf(pair, wanted) }, needs);
};

const channelsOf = (pair: ProposedPair, kind: Pair['adapter']): number[] | undefined =>
  kind === 'assign' ? pair.adapters.find((offer) => offer.kind === kind)?.channels : undefined;

/** What a method takes of a proposal, each pair with the recommended adapter as far as the method has use for one. */
export const acceptPairs = (method: Accepted, proposal: Proposal): Pair[] => {
  if (method.pairs === 'none') return [];
  const kept = new Set((method.keepPairs?.(proposal.pairs) ?? proposal.pairs).map(({ student }) => student));
  return proposal.pairs
    .filter(({ student }) => kept.has(student))
    .map((pair) => {
      const adapter = adapterFor(pair, method);
      const channels = channelsOf(pair, adapter);
      return { teacher: pair.teacher, student: pair.student, adapter, ...(channels ? { channels } : {}) };
    });
};

/** The `losses` of a recipe that takes a proposal: one entry a method. Throws `Failed` (recipeInvalid) for an unsuitable one. */
export const acceptLosses = (methods: readonly Accepted[], proposal: Proposal): Record<string, unknown>[] =>
  methods.map((method) => {
    const offer = proposal.methods.find((one) => one.method === method.id);
    if (offer && !offer.suits)
      throw new Failed(
        'recipeInvalid',
        `The method "${method.id}" does not suit these networks. ${offer.reason}`,
        `Choose among: ${proposal.methods.flatMap((one) => (one.suits ? [one.method] : [])).join(', ')}.`,
      );
    const pairs = acceptPairs(method, proposal);
    return {
      method: method.id,
      weight: method.defaultWeight,
      ...(method.pairs === 'features' ? { pairs } : {}),
    };
  });
