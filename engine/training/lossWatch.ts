import type { MetricPoint, RunWarning } from '../contract/run';

/** A loss that is watched. */
export interface WatchedLoss {
  label: string;
  /** It plays against a critic, so it need not fall. */
  isContested: boolean;
}

const zeroPoints = 10;
const drowningShares = 3;
const drowningShare = 0.95;
const window = 5;
const fewestWindows = 4;
const explosion = 1000;

/** The unweighted terms of one loss, added up; undefined where the point has none. */
const lossOf = (point: MetricPoint, label: string): number | undefined => {
  const name = `loss/${label}`;
  const terms = Object.entries(point.values).filter(([key]) => key === name || key.startsWith(`${name}:`));
  return terms.length > 0 ? terms.reduce((sum, [, value]) => sum + value, 0) : undefined;
};

const percent = (share: number): string => `${(100 * share).toFixed(share > 0.995 ? 1 : 0)} %`;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** What has been seen of one loss. */
interface Seen {
  losses: number[];
  shares: number[];
}

type Finding = Pick<RunWarning, 'kind' | 'message' | 'next'>;
type Check = (loss: WatchedLoss, seen: Seen, isLate: boolean) => Finding | null;

const isZero: Check = ({ label }, { losses }) => {
  const last = losses.slice(-zeroPoints);
  if (last.length < zeroPoints || last.some((value) => value !== 0)) return null;
  return {
    kind: 'zero',
    message: `The loss ${label} has been exactly 0 for ${zeroPoints} points: it teaches nothing.`,
    next: 'Check its layers and parameters, or leave it out.',
  };
};

const isIdle: Check = ({ label }, { losses, shares }) => {
  const last = shares.slice(-drowningShares);
  if (last.length < drowningShares || last.some((share) => share > 0)) return null;
  if (losses.slice(-zeroPoints).every((value) => value === 0)) return null;
  return {
    kind: 'idle',
    message: `The loss ${label} has no gradient: nothing of the student changes with it.`,
    next: 'Match a layer that depends on the student’s weights, or leave the loss out.',
  };
};

const isDrowning: Check = ({ label }, { shares }) => {
  const last = shares.slice(-drowningShares);
  if (last.length < drowningShares || last.some((share) => !(share > drowningShare))) return null;
  return {
    kind: 'drowning',
    message: `The loss ${label} makes up ${percent(mean(last))} of the gradient: the others hardly count.`,
    next: 'Lower its weight, or raise those of the others.',
  };
};

const isRising: Check = ({ label, isContested }, { losses }, isLate) => {
  const windows = Math.floor(losses.length / window);
  if (isContested || !isLate || windows < fewestWindows) return null;
  const means = Array.from({ length: windows }, (_, index) =>
    mean(losses.slice(index * window, (index + 1) * window)),
  );
  const [first = 0, ...later] = means;
  if (first === 0 || later.some((value) => value < first)) return null;
  return {
    kind: 'rising',
    message: `The loss ${label} has never fallen below where it began.`,
    next: 'Raise its weight or the learning rate; for a loss that grows harder by design this may be right.',
  };
};

const isExploding: Check = ({ label }, { losses }) => {
  const [first, last] = [mean(losses.slice(0, window)), losses.at(-1) ?? 0];
  if (losses.length <= window || !(Math.abs(last) > explosion * Math.max(Math.abs(first), 0.01))) return null;
  return {
    kind: 'exploding',
    message: `The loss ${label} is ${Math.round(Math.abs(last / first))} times what it was at the start, and may soon be no number.`,
    next: 'Lower the learning rate or the weight of this loss, or add warm-up.',
  };
};

const checks: readonly Check[] = [isZero, isIdle, isDrowning, isRising, isExploding];

/** Watches the losses of one stage through its points, and tells of each thing once. */
export class LossWatch {
  private readonly seen: Map<string, Seen>;
  private readonly told = new Set<string>();

  /** `known`: warnings that this run has given already. */
  constructor(
    private readonly stage: { name: string; steps: number; losses: readonly WatchedLoss[] },
    known: readonly RunWarning[],
  ) {
    this.seen = new Map(stage.losses.map(({ label }) => [label, { losses: [], shares: [] }]));
    for (const one of known) if (one.stage === stage.name) this.told.add(`${one.kind} ${one.loss}`);
  }

  see(point: MetricPoint): RunWarning[] {
    if (point.stage !== this.stage.name || point.split !== 'train') return [];
    return this.stage.losses.flatMap((loss) => this.judge(loss, point));
  }

  private judge(loss: WatchedLoss, point: MetricPoint): RunWarning[] {
    const seen = this.seen.get(loss.label) as Seen;
    const value = lossOf(point, loss.label);
    const share = point.values[`share/${loss.label}`];
    if (value !== undefined) seen.losses.push(value);
    if (share !== undefined) seen.shares.push(share);
    const isLate = 2 * point.step >= this.stage.steps;
    return checks.flatMap((check) => {
      const found = check(loss, seen, isLate);
      if (!found || this.told.has(`${found.kind} ${loss.label}`)) return [];
      this.told.add(`${found.kind} ${loss.label}`);
      return [{ stage: this.stage.name, loss: loss.label, ...found }];
    });
  }
}
