import type { ModelInfo } from '../contract/model';
import type { Candidate, Proposal, ProposedPair } from '../contract/profile';
import { methods } from '../methods/registry';
import { openModel } from '../models/open';
import type { Network } from '../models/network';
import { candidatesOf } from './candidates';
import { measureSimilarity, planBatches, type Compared } from './measureSimilarity';
import { measurePairs, type OfferedPair } from './measurePairs';
import { offerMethods, taskOf } from './methodOffers';
import type { MatchedTaps } from './offers';
import { openProbe, type ProbeRequest } from './probe';
import { matchBodies } from './propose';
import { reasonFor } from './reasons';

const sideOf = (network: Network) => ({ network, candidates: candidatesOf(network.info) });

const proposedPair = ({ pair, offers }: OfferedPair, similarity: number | null): ProposedPair => {
  const chosen = offers.find(({ recommended }) => recommended);
  return {
    teacher: pair.teacher.tap,
    student: pair.student.tap,
    adapter: chosen?.kind ?? 'auto',
    teacherShape: pair.teacher.shape,
    studentShape: pair.student.shape,
    similarity,
    adapters: offers,
    reason: chosen ? reasonFor(pair, similarity, chosen, offers) : '',
  };
};

const headsOf = ({ teacher, student }: Compared): MatchedTaps[] =>
  (['features', 'logits'] as const).flatMap((role) => {
    const of = (side: readonly Candidate[]) => side.find((candidate) => candidate.role === role);
    const [one, other] = [of(teacher.candidates), of(student.candidates)];
    return one && other && one.shape.length === other.shape.length ? [{ teacher: one, student: other }] : [];
  });

/** What the two networks cannot do together. */
const warningsFor = (teacher: ModelInfo, student: ModelInfo): string[] => {
  const written = (shape: readonly number[]): string => `[${shape.join(', ')}]`;
  const differing = (what: string, one: readonly number[], other: readonly number[]): string[] =>
    one.join() === other.join()
      ? []
      : [
          `The teacher ${what} ${written(one)} and the student ${written(other)}: a run refuses them together.`,
        ];
  return [
    ...differing('takes', teacher.inputShape, student.inputShape),
    ...differing('puts out', teacher.outputShape, student.outputShape),
  ];
};

/** What could be matched between two opened networks. */
export const proposalOf = async (
  teacher: Network,
  student: Network,
  request: ProbeRequest | null,
): Promise<Proposal> => {
  const compared: Compared = { teacher: sideOf(teacher), student: sideOf(student) };
  const probe = await openProbe(request, student);
  const batches = planBatches(compared, probe);
  const similarity = await measureSimilarity(compared, probe, batches);
  const alike = (one: Candidate, other: Candidate): number | null =>
    similarity[compared.teacher.candidates.indexOf(one)]?.[compared.student.candidates.indexOf(other)] ??
    null;
  const [theirs, ours] = [compared.teacher, compared.student].map(({ network, candidates }) => ({
    info: network.info,
    candidates,
  }));
  const matches = theirs && ours ? matchBodies(theirs, ours, alike) : [];
  const heads = headsOf(compared);
  const offered = await measurePairs(compared, [...matches, ...heads], probe, batches);
  const proposed = offered.map((one) => proposedPair(one, alike(one.pair.teacher, one.pair.student)));
  return {
    teacher: teacher.info,
    student: student.info,
    candidates: {
      teacher: [...compared.teacher.candidates],
      student: [...compared.student.candidates],
    },
    similarity,
    pairs: proposed.slice(0, matches.length),
    heads: proposed.slice(matches.length),
    methods: offerMethods(methods, {
      task: request?.task ?? taskOf(student.info),
      teacher: teacher.info,
      student: student.info,
      pairs: proposed.slice(0, matches.length),
    }),
    warnings: warningsFor(teacher.info, student.info),
    probe: { samples: batches.count * batches.size, source: probe.source },
  };
};

/** Opens both models and proposes; absolute references. The backend must be chosen before. */
export const measureProposal = async (
  teacher: string,
  student: string,
  request: ProbeRequest | null,
): Promise<Proposal> => {
  const input = request?.data.input ?? {};
  const large = await openModel(teacher, { input, seed: 'propose/teacher' });
  try {
    const small = await openModel(student, { input, seed: 'propose/student' });
    try {
      return await proposalOf(large, small, request);
    } finally {
      small.dispose();
    }
  } finally {
    large.dispose();
  }
};
