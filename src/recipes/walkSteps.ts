export type StepResult = 'next' | 'back' | 'end';

/** Where a step stands among all, from 1. */
export interface StepPosition {
  step: number;
  total: number;
}

export interface Step {
  ask(position: StepPosition): Promise<StepResult>;
  /** Without it, always; asked again before every step, since answers change it. */
  isNeeded?(): boolean;
}

/** Walks through the steps that are needed; `back` goes to the one before. Gives false when the user gave up. */
export const walkSteps = async (steps: readonly Step[]): Promise<boolean> => {
  const isNeeded = (step: Step): boolean => step.isNeeded?.() ?? true;
  for (let at = 0; at < steps.length;) {
    const step = steps[at] as Step;
    const before = steps.slice(0, at).filter(isNeeded).length;
    const total = steps.filter(isNeeded).length;
    const result = await step.ask({ step: before + 1, total });
    if (result === 'end') return false;
    const way = result === 'back' ? -1 : 1;
    do at += way;
    while (at >= 0 && at < steps.length && !isNeeded(steps[at] as Step));
    if (at < 0) return false;
  }
  return true;
};
