import cliProgress from 'cli-progress';
import { mainMetric } from '../contract/measures';
import type { RunState, RunWarning } from '../contract/run';

const clock = (seconds: number | null): string => {
  if (seconds === null) return '';
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes} min ${seconds % 60} s left` : `${seconds} s left`;
};

const newest = (state: RunState): string => {
  const stage = state.stages[state.stage]?.name ?? '';
  const mains = Object.values(mainMetric);
  const shown = ['loss', ...mains, ...mains.map((name) => `val_${name}`)].flatMap((name) => {
    const value = state.latest[`${stage}/${name}`];
    return value === undefined ? [] : [`${name} ${value.toFixed(3)}`];
  });
  return shown.join('  ');
};

/** Fewer are decoded before anyone could read of it. */
const manyPictures = 1000;

/** A progress bar on standard error; on a terminal it moves, elsewhere it prints a line an epoch. */
export class ProgressBar {
  private bar: cliProgress.SingleBar | null = null;
  private line = '';
  private warned = 0;

  show(state: RunState): void {
    this.warn(state.warnings ?? []);
    if (state.decoded) this.decoded(state.decoded.done, state.decoded.total);
    if (state.totalSteps === 0) return;
    const stage = state.stages[state.stage];
    if (!stage) return;
    const where = `${stage.name} ${Math.max(1, state.epoch)}/${stage.epochs}`;
    if (process.stderr.isTTY) this.draw(state, where);
    else if (where !== this.line) {
      this.line = where;
      process.stderr.write(`${where}  ${newest(state)}  ${clock(state.secondsLeft)}\n`);
    }
  }

  /** How many pictures have been decoded: on a terminal in place, elsewhere a line every tenth of many. */
  decoded(done: number, total: number): void {
    if (total < manyPictures) return;
    const steps = process.stderr.isTTY ? 100 : 10;
    const percent = Math.floor((steps * done) / total) * (100 / steps);
    const line = `Decoding ${total} pictures: ${percent} %`;
    if (line === this.line) return;
    this.line = line;
    process.stderr.write(
      process.stderr.isTTY ? `\r\u001b[K${line}${done === total ? '\n' : ''}` : `${line}\n`,
    );
  }

  private warn(warnings: readonly RunWarning[]): void {
    const clear = this.bar ? '\r\u001b[K' : '';
    for (const { stage, message, next } of warnings.slice(this.warned))
      process.stderr.write(`${clear}Warning (${stage}): ${message} ${next}\n`);
    this.warned = warnings.length;
  }

  private draw(state: RunState, where: string): void {
    if (!this.bar) {
      const format = '{bar} {percentage}% | {where} | {newest} | {left}';
      this.bar = new cliProgress.SingleBar(
        { format, stream: process.stderr, hideCursor: true, barsize: 24 },
        cliProgress.Presets.shades_classic,
      );
      this.bar.start(state.totalSteps, 0, { where, newest: '', left: '' });
    }
    this.bar.update(state.totalStep, { where, newest: newest(state), left: clock(state.secondsLeft) });
  }

  end(): void {
    this.bar?.stop();
    this.bar = null;
  }
}
