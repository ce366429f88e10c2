import type { MethodInfo } from '../../engine/contract/model';
import type { Proposal } from '../../engine/contract/profile';
import { type Draft, type TakenPairs, pairKey, usesOf } from './draft';
import { adapterWords, ckaOf } from './offers';
import type { Link } from './pairLinks';

/** The draft's pairs as they are drawn. */
export const linksOf = (
  draft: Draft,
  proposal: Proposal | null,
  methods: readonly MethodInfo[],
  taken: TakenPairs,
): Link[] =>
  draft.pairs.map((pair) => {
    const takers = usesOf(draft, pair, methods, taken).filter(({ isUsed }) => isUsed);
    const similarity = ckaOf(proposal, pair);
    const adapter = adapterWords(pair.adapter);
    const by =
      takers.length > 0
        ? `taken by ${takers.map(({ loss }) => loss.method).join(', ')}`
        : 'taken by no method';
    const alike = similarity ? `, CKA ${similarity}` : '';
    return {
      key: pairKey(pair),
      teacher: pair.teacher,
      student: pair.student,
      labels: similarity ? [`${adapter} · ${similarity}`, similarity] : [adapter],
      description: `${pair.teacher} of the teacher with ${pair.student} of the student, adapter ${adapter}${alike}, ${by}`,
      isUsed: takers.length > 0,
    };
  });
