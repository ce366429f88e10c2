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
  const nextFrom = (from: number, way: 1 | -1): number => {
    let at = from;
    while (steps[at] && !isNeeded(steps[at] as Step)) at += way;
    return at;
  };
  for (let at = nextFrom(0, 1); at < steps.length;) {
    const before = steps.slice(0, at).filter(isNeeded).length;
    const total = steps.filter(isNeeded).length;
    const result = await (steps[at] as Step).ask({ step: before + 1, total });
    if (result === 'end') return false;
    const way = result === 'back' ? -1 : 1;
    at = nextFrom(at + way, way);
    if (at < 0) return false;
  }
  return true;
};
