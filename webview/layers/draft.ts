import type { MethodInfo } from '../../engine/contract/model';
import type { LayersProposal, LossDraft } from '../../engine/contract/pages';
import type { Proposal } from '../../engine/contract/profile';
import type { Pair } from '../../engine/contract/recipe';

/** What the recipe will say: the losses, and the pairs that they may take. */
export interface Draft {
  pairs: readonly Pair[];
  losses: readonly LossDraft[];
  /** Whether the user changed anything since it was proposed or read. */
  isChanged: boolean;
}

/** What a method does with pairs unless it is told otherwise: the keys of what it takes, and whether it uses adapters. */
export type TakenPairs = Readonly<Record<string, { keys: readonly string[]; adapts: boolean }>>;

export const emptyDraft: Draft = { pairs: [], losses: [], isChanged: false };

export const pairKey = ({ teacher, student }: Pick<Pair, 'teacher' | 'student'>): string =>
  `${teacher} ↔ ${student}`;

const has = (pairs: readonly Pair[], pair: Pick<Pair, 'teacher' | 'student'>): boolean =>
  pairs.some((one) => pairKey(one) === pairKey(pair));

/** The draft of a recipe that exists. */
export const draftOf = (losses: readonly LossDraft[]): Draft => {
  const pairs: Pair[] = [];
  for (const loss of losses) for (const pair of loss.pairs ?? []) if (!has(pairs, pair)) pairs.push(pair);
  return { pairs, losses, isChanged: false };
};

const firstMethods = ['task', 'kd'];

/** Labels and soft targets, and of the offered methods that nothing speaks against the one that takes most pairs. */
const proposedLosses = (proposal: Proposal, taken: TakenPairs): LossDraft[] => {
  const count = (method: string): number => taken[method]?.keys.length ?? 0;
  const offered = proposal.methods.filter(({ suits, warning }) => suits && warning === null);
  const best = offered.reduce((most, { method }) => (count(method) > count(most) ? method : most), '');
  return [...firstMethods, ...(best === '' ? [] : [best])].map(newLoss);
};

const newLoss = (method: string): LossDraft => ({ method, weight: null, pairs: null, index: null });

/** Takes over what was proposed, where neither recipe nor user have said anything. */
export const withProposal = (draft: Draft, proposal: Proposal, taken: TakenPairs): Draft => {
  if (draft.isChanged) return draft;
  const pairs = draft.pairs.length > 0 ? draft.pairs : proposal.pairs.map((pair) => plainPair(pair));
  const losses = draft.losses.length > 0 ? draft.losses : proposedLosses(proposal, taken);
  return { pairs, losses, isChanged: false };
};

/** A pair as a method takes it: those that have no use for its adapter leave it to the run. */
const pairFor = (method: string, pair: Pair, taken: TakenPairs): Pair =>
  taken[method]?.adapts === false ? { teacher: pair.teacher, student: pair.student, adapter: 'auto' } : pair;

/** The pairs that a loss takes. */
export const pairsOf = (draft: Draft, { method, pairs }: LossDraft, taken: TakenPairs): readonly Pair[] => {
  if (pairs) return pairs;
  const own = draft.pairs.filter((pair) => taken[method]?.keys.includes(pairKey(pair)));
  return (own.length > 0 ? own : draft.pairs).map((pair) => pairFor(method, pair, taken));
};

/** The keys of what each method takes. */
export const takenPairs = ({ proposal, taken }: LayersProposal): TakenPairs =>
  Object.fromEntries(
    Object.entries(taken).map(([method, { places, adapts }]) => [
      method,
      { keys: places.flatMap((place) => proposal.pairs[place] ?? []).map(pairKey), adapts },
    ]),
  );

/** The chosen losses that match layers, each with whether it takes this pair. */
export const usesOf = (
  draft: Draft,
  pair: Pair,
  methods: readonly MethodInfo[],
  taken: TakenPairs,
): { loss: LossDraft; at: number; title: string; isUsed: boolean; adapts: boolean }[] =>
  draft.losses
    .map((loss, at) => ({
      loss,
      at,
      title: titleOf(methods, loss.method),
      isUsed: has(pairsOf(draft, loss, taken), pair),
      adapts: taken[loss.method]?.adapts ?? true,
    }))
    .filter(({ loss }) => matchesLayers(methods, loss.method));

const titleOf = (methods: readonly MethodInfo[], id: string): string =>
  methods.find((method) => method.id === id)?.title ?? id;

const matchesLayers = (methods: readonly MethodInfo[], id: string): boolean =>
  methods.find((method) => method.id === id)?.pairs === 'features';

/** What a change needs to know. */
export interface DraftFacts {
  methods: readonly MethodInfo[];
  taken: TakenPairs;
  /** Orders pairs from shallow to deep. */
  depthOf(pair: Pair): number;
}

const sorted = (pairs: readonly Pair[], { depthOf }: DraftFacts): Pair[] =>
  [...pairs].sort((one, other) => depthOf(one) - depthOf(other));

/** Every loss that matches layers names its pairs, so that a change to the list changes only what it is meant to. */
const explicit = (draft: Draft, facts: DraftFacts): LossDraft[] =>
  draft.losses.map((loss) =>
    matchesLayers(facts.methods, loss.method)
      ? { ...loss, pairs: [...pairsOf(draft, loss, facts.taken)] }
      : loss,
  );

/** A pair that the user made: all chosen losses that match layers take it. */
export const addPair = (draft: Draft, made: Pair, facts: DraftFacts): Draft => {
  if (has(draft.pairs, made)) return draft;
  const pair = plainPair(made);
  return {
    pairs: sorted([...draft.pairs, pair], facts),
    losses: explicit(draft, facts).map((loss) =>
      loss.pairs
        ? { ...loss, pairs: sorted([...loss.pairs, pairFor(loss.method, pair, facts.taken)], facts) }
        : loss,
    ),
    isChanged: true,
  };
};

const without = (pairs: readonly Pair[], key: string): Pair[] =>
  pairs.filter((pair) => pairKey(pair) !== key);

export const removePair = (draft: Draft, key: string, facts: DraftFacts): Draft => ({
  pairs: without(draft.pairs, key),
  losses: explicit(draft, facts).map((loss) =>
    loss.pairs ? { ...loss, pairs: without(loss.pairs, key) } : loss,
  ),
  isChanged: true,
});

/** Without what only the page shows. */
const plainPair = ({ teacher, student, adapter, channels }: Pair): Pair => ({
  teacher,
  student,
  adapter,
  ...(channels ? { channels } : {}),
});

/** Another adapter for one pair, in every loss that takes it. */
export const setAdapter = (
  draft: Draft,
  key: string,
  adapter: Pick<Pair, 'adapter' | 'channels'>,
  taken: TakenPairs,
): Draft => {
  const change = (pairs: readonly Pair[]): Pair[] =>
    pairs.map((pair) =>
      pairKey(pair) === key ? plainPair({ teacher: pair.teacher, student: pair.student, ...adapter }) : pair,
    );
  return {
    pairs: change(draft.pairs),
    losses: draft.losses.map((loss) =>
      loss.pairs && taken[loss.method]?.adapts !== false ? { ...loss, pairs: change(loss.pairs) } : loss,
    ),
    isChanged: true,
  };
};

/** One loss takes or leaves one pair. */
export const setUse = (draft: Draft, at: number, pair: Pair, isUsed: boolean, facts: DraftFacts): Draft => ({
  ...draft,
  losses: draft.losses.map((loss, index) => {
    if (index !== at) return loss;
    const others = without(pairsOf(draft, loss, facts.taken), pairKey(pair));
    return {
      ...loss,
      pairs: isUsed ? sorted([...others, pairFor(loss.method, pair, facts.taken)], facts) : others,
    };
  }),
  isChanged: true,
});

/** Adds a method, or takes away all its losses. */
export const setMethod = (draft: Draft, method: string, isChosen: boolean): Draft => ({
  ...draft,
  losses: isChosen
    ? [...draft.losses, newLoss(method)]
    : draft.losses.filter((loss) => loss.method !== method),
  isChanged: true,
});

export const setWeight = (draft: Draft, at: number, weight: number | null): Draft => ({
  ...draft,
  losses: draft.losses.map((loss, index) => (index === at ? { ...loss, weight } : loss)),
  isChanged: true,
});

/** The losses as the recipe gets them: those that match layers name their pairs. */
export const recipeLosses = (draft: Draft, facts: DraftFacts): LossDraft[] => explicit(draft, facts);

/** Why no recipe can be made of it; null where one can. */
export const problemOf = (draft: Draft, facts: DraftFacts): string | null => {
  if (draft.losses.length === 0) return 'Choose at least one method.';
  const empty = explicit(draft, facts).find((loss) => loss.pairs?.length === 0);
  if (!empty) return null;
  return `${titleOf(facts.methods, empty.method)} matches layers, but takes no pair.`;
};
