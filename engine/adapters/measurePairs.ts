import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs';
import type { AdapterOffer } from '../contract/profile';
import { Random } from '../random';
import { addRows, fitPair, reachesOf } from './fit';
import { tapsFor, type Batches, type Compared } from './measureSimilarity';
import { offersFor, recommendedKind, type MatchedTaps } from './offers';
import type { Reach, Rows } from './positions';
import type { Probe } from './probe';
import { measureStepCost } from './stepCost';

/** Rows that the fits of one pair are made from and measured on. */
const rowsOfPair = 1200;
/** Timing adapters ends after this; those that are left have no time. */
const timingBudgetMs = 2500;
/** Adapters with more weights than these are not timed. */
const mostTimed = 4e6;

/** A matched pair with all adapters that fit it. */
export interface OfferedPair {
  pair: MatchedTaps;
  offers: AdapterOffer[];
}

const channelsOf = (tap: tf.Tensor): number => tap.shape.at(-1) ?? 0;

/** Shows the probe to both networks once more and reads what the fits need; null where they cannot be shown it. */
const readPairs = async (
  { teacher, student }: Compared,
  pairs: readonly OfferedPair[],
  probe: Probe,
  { count, size }: Batches,
): Promise<Map<Reach, Rows[]>[] | null> => {
  const rows = pairs.map(() => new Map<Reach, Rows[]>());
  const perSample = Math.max(1, Math.ceil(rowsOfPair / (count * size)));
  const taps = (side: 'teacher' | 'student') => pairs.map(({ pair }) => pair[side]);
  for (let batch = 0; batch < count; batch++) {
    const shown = tf.tidy(() => {
      const images = probe.batch(batch * size, size);
      const theirs = tapsFor(teacher.network, taps('teacher'), images);
      const ours = tapsFor(student.network, taps('student'), images);
      pairs.forEach(({ offers }, at) => {
        const [one, other] = [theirs?.[at], ours?.[at]];
        const into = rows[at];
        if (one && other && into)
          addRows(
            into,
            { teacher: one, student: other },
            reachesOf(offers, channelsOf(other)),
            perSample,
            (reach) => {
              return new Random(`probe/rows/${at}/${reach}/${batch}`);
            },
          );
      });
      return Boolean(theirs && ours);
    });
    if (!shown) return null;
    await tf.nextFrame();
  }
  return rows;
};

const fitOffers = ({ pair, offers }: OfferedPair, rows: ReadonlyMap<Reach, readonly Rows[]>): OfferedPair => {
  const fits = fitPair(
    rows,
    offers.map(({ kind }) => kind),
  );
  const recommended = recommendedKind(pair, fits.isRectified);
  return {
    pair,
    offers: offers
      .filter(({ kind }) => kind !== 'assign' || fits.channels)
      .map((offer) => ({
        ...offer,
        fit: fits.of(offer.kind),
        recommended: offer.kind === recommended,
        ...(offer.kind === 'assign' && fits.channels ? { channels: fits.channels } : {}),
      })),
  };
};

/** Recommended adapters are timed first, then the first of every pair, the second of every pair, and so on. */
const timeOffers = async (pairs: readonly OfferedPair[]): Promise<void> => {
  const begin = performance.now();
  const all = pairs.flatMap(({ pair, offers }) => offers.map((offer, rank) => ({ pair, offer, rank })));
  const turn = ({ offer, rank }: (typeof all)[number]): number => (offer.recommended ? -1 : rank);
  all.sort((one, other) => turn(one) - turn(other));
  for (const { pair, offer } of all) {
    if (performance.now() - begin > timingBudgetMs) return;
    if (offer.parameters > mostTimed) continue;
    offer.milliseconds = await measureStepCost(offer.kind, pair, offer.parameters);
  }
};

/** The adapters that fit each pair: what they cost, and how well they can fit on the probe. */
export const measurePairs = async (
  compared: Compared,
  matched: readonly MatchedTaps[],
  probe: Probe,
  batches: Batches,
): Promise<OfferedPair[]> => {
  const pairs = matched.map((pair) => ({ pair, offers: offersFor(pair) }));
  const rows = await readPairs(compared, pairs, probe, batches);
  const fitted = pairs.map((one, at) => fitOffers(one, rows?.[at] ?? new Map<Reach, Rows[]>()));
  await timeOffers(fitted);
  return fitted;
};
