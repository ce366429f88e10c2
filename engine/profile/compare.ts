import type { ModelProfile, ProfileComparison } from '../contract/profile';
import type { BackendChoice } from '../contract/run';
import { limitsOf } from './limits';
import { profileModel } from './profile';
import { tooMuch } from './tooMuch';

const ratiosOf = (teacher: ModelProfile, student: ModelProfile): ProfileComparison['ratios'] => {
  const ratio = (of: (profile: ModelProfile) => number): number => of(student) / of(teacher);
  return {
    parameters: ratio(({ model }) => model.parameters),
    macs: ratio(({ model }) => model.macs),
    latency: ratio(({ latency }) => latency.median),
    bytes: ratio(({ sizes }) => sizes.float32),
    peak: ratio(({ peakActivationBytes }) => peakActivationBytes),
  };
};

/**
 * Counts and measures a student, beside its teacher where there is one; absolute references.
 * `weights`: a file that the student starts from. The backend must be chosen before. Throws what `openModel` throws.
 */
export const compareModels = async (
  teacher: string | null,
  student: string,
  backend: BackendChoice,
  weights: string | null = null,
): Promise<ProfileComparison> => {
  const profiled = await profileModel(student, backend, weights);
  const above = teacher === null ? null : (await profileModel(teacher, backend)).profile;
  const ratios = above ? ratiosOf(above, profiled.profile) : null;
  return {
    teacher: above,
    student: profiled.profile,
    ratios,
    limits: [...tooMuch(profiled.profile, ratios), ...limitsOf(profiled)],
  };
};
