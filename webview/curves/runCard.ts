import { isActive } from '../../engine/contract/run';
import type { CurvesHost } from '../../engine/contract/pages';
import { button, setDisabled } from '../shared/controls';
import { element, fill, setText } from '../shared/element';
import { formatDuration } from '../shared/format';
import { icon } from '../shared/icons';
import { failedBlock } from '../shared/states';
import { statusWords } from '../shared/statusWords';
import { hiddenKey, stageStyle, stagesOf } from './chartPlan';
import type { RunView } from './runStore';
import { swatch } from './swatch';

export type RunActions = Pick<CurvesHost, 'stop' | 'openReport' | 'openActivations' | 'exportCsv'> & {
  toggleStage(key: string): void;
};

export interface CardPlace {
  index: number;
  count: number;
  hidden: ReadonlySet<string>;
}

/** What stands above the curves for one run: where it is, what can be done with it, which stages are shown. */
export class RunCard {
  readonly root: HTMLElement;
  private readonly status = element('span', { class: 'status' });
  private readonly name = element('h2', { class: 'run-name' });
  private readonly progress = element('span', { class: 'run-progress' });
  private readonly bar = element('div', { class: 'bar-done' });
  private readonly track: HTMLElement;
  private readonly stages: HTMLElement;
  private readonly warnings = element('ul', { class: 'run-warnings', aria: { label: 'Warnings' } });
  private readonly failure = element('div', { class: 'run-failure' });
  private readonly stop: HTMLElement;
  private readonly report: HTMLElement;
  private drawnStages = '';
  private drawnFailure = '';
  private drawnWarnings = '';

  constructor(
    private readonly id: string,
    private readonly actions: RunActions,
  ) {
    this.stop = button('Stop', { icon: 'stop', press: () => void actions.stop(id) });
    this.report = button('Open report', { icon: 'report', press: () => void actions.openReport(id) });
    const tools = element(
      'div',
      { class: 'run-tools' },
      this.stop,
      this.report,
      button('Activations', { icon: 'grid', press: () => void actions.openActivations(id) }),
      button('CSV', {
        icon: 'download',
        title: 'Save the points as CSV',
        press: () => void actions.exportCsv(id),
      }),
    );
    this.track = element('div', { class: 'bar', role: 'progressbar', aria: { valuemin: 0 } }, this.bar);
    this.stages = element('div', { class: 'stages', role: 'group', aria: { label: 'Stages shown' } });
    const head = element('div', { class: 'run-head' }, this.name, this.status, this.progress);
    this.root = element(
      'section',
      { class: 'run', data: { run: id } },
      element('div', { class: 'run-top' }, head, tools),
      this.track,
      this.stages,
      this.warnings,
      this.failure,
    );
  }

  draw(run: RunView, place: CardPlace): void {
    const { state } = run;
    setText(this.name, run.name);
    setText(this.status, statusWords[state.status]);
    this.status.dataset['status'] = state.status;
    setText(this.progress, progressWords(run));
    const share = state.totalSteps > 0 ? state.totalStep / state.totalSteps : 0;
    this.bar.style.transform = `scaleX(${share})`;
    this.track.setAttribute('aria-label', `${run.name}: ${progressWords(run)}`);
    this.track.setAttribute('aria-valuemax', String(state.totalSteps));
    this.track.setAttribute('aria-valuenow', String(state.totalStep));
    this.track.hidden = !isActive(state.status);
    this.stop.hidden = !isActive(state.status);
    setDisabled(this.stop, state.status === 'stopping');
    this.report.hidden = run.report === null;
    this.drawStages(run, place);
    this.drawWarnings(run);
    this.drawFailure(run);
  }

  private drawWarnings({ state }: RunView): void {
    const warnings = state.warnings ?? [];
    const wanted = JSON.stringify(warnings);
    if (wanted === this.drawnWarnings) return;
    this.drawnWarnings = wanted;
    const items = warnings.map(({ stage, message, next }) =>
      element('li', {}, icon('warning'), element('span', {}, `${stage}: ${message} ${next}`)),
    );
    fill(this.warnings, ...items);
  }

  private drawStages(run: RunView, { index, count, hidden }: CardPlace): void {
    const stages = stagesOf(run).map((stage) => ({ stage, shown: !hidden.has(hiddenKey(run.id, stage)) }));
    const wanted = JSON.stringify([stages, index, count]);
    if (wanted === this.drawnStages) return;
    const focused = document.activeElement?.getAttribute('data-stage');
    this.drawnStages = wanted;
    const toggles = stages.map(({ stage, shown }) =>
      element(
        'button',
        {
          class: 'stage',
          aria: { pressed: shown },
          data: { stage: hiddenKey(this.id, stage) },
          title: shown ? `Hide the curves of ${stage}` : `Show the curves of ${stage}`,
          on: { click: () => this.actions.toggleStage(hiddenKey(this.id, stage)) },
        },
        swatch(stageStyle(index, count, stage)),
        stage,
      ),
    );
    fill(this.stages, ...toggles);
    toggles.find((toggle) => toggle.dataset['stage'] === focused)?.focus();
  }

  private drawFailure(run: RunView): void {
    const wanted = JSON.stringify(run.state.failure);
    if (wanted === this.drawnFailure) return;
    this.drawnFailure = wanted;
    fill(this.failure, run.state.failure && failedBlock(run.state.failure));
  }
}

/** “Student, epoch 7 of 20 · 35 % · 2 min left” */
export const progressWords = ({ state }: Pick<RunView, 'state'>): string => {
  const stage = state.stages[state.stage];
  const epoch = stage ? `${stage.name}, epoch ${state.epoch} of ${stage.epochs}` : null;
  if (!isActive(state.status)) return state.status === 'done' ? '' : (epoch ?? '');
  const share = state.totalSteps > 0 ? `${Math.floor((100 * state.totalStep) / state.totalSteps)} %` : null;
  const left = state.secondsLeft === null ? null : `${formatDuration(state.secondsLeft)} left`;
  return [epoch, share, left].filter(Boolean).join(' · ');
};
