import type { StageState } from '../../engine/contract/run';
import { isShownActive, type Run } from './runFolder';
import { mainMetric, shortNumber, type ItemView } from './runItem';

type Progress = 'done' | 'now' | 'paused' | 'ahead';

const icons: Record<Progress, [icon: string, color: string | null]> = {
  done: ['pass', 'testing.iconPassed'],
  now: ['sync~spin', 'charts.blue'],
  paused: ['debug-pause', null],
  ahead: ['circle-outline', null],
};

const progressOf = ({ state, status }: Run, index: number): Progress => {
  if (status === 'done' || index < state.stage) return 'done';
  if (index > state.stage) return 'ahead';
  return isShownActive(status) ? 'now' : 'paused';
};

const epochs = (count: number): string => (count === 1 ? '1 epoch' : `${count} epochs`);

/** The newest loss or metric of one stage alone. */
const newest = ({ state }: Run, stage: StageState): string[] => {
  const own = Object.entries(state.latest).filter(([key]) => key.startsWith(`${stage.name}/`));
  const found = own.length > 0 ? mainMetric(Object.fromEntries(own), stage.name) : null;
  return found ? [`${found[0]} ${shortNumber(found[1])}`] : [];
};

const words: Record<Progress, (stage: StageState, run: Run) => string[]> = {
  done: (stage, run) => [epochs(stage.epochs), ...newest(run, stage)],
  now: (stage, run) => [`epoch ${Math.max(1, run.state.epoch)}/${stage.epochs}`, ...newest(run, stage)],
  paused: (stage, run) => [`epoch ${Math.max(1, run.state.epoch)}/${stage.epochs}`, ...newest(run, stage)],
  ahead: (stage) => [epochs(stage.epochs)],
};

/** The steps of a run that has several stages: what is trained, was trained, and will be. */
export const stageItems = (run: Run): ItemView[] =>
  run.state.stages.length < 2
    ? []
    : run.state.stages.map((stage, index) => {
        const progress = progressOf(run, index);
        const [icon, color] = icons[progress];
        const description = words[progress](stage, run).join(' · ');
        return {
          id: `${run.id}/stage/${index}`,
          label: `${index + 1}. ${stage.name}`,
          description,
          icon,
          color,
          contextValue: 'stage',
          tooltip: `Stage ${index + 1} of ${run.state.stages.length}: ${stage.name}, ${description}`,
          accessibility: `Stage ${stage.name}, ${progress === 'now' ? 'training' : progress}, ${description}`,
        };
      });
