import type { ProfileComparison } from '../contract/profile';
import type { Profiled } from './profile';

const most = 3;
const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** What limits a network, worst first. */
export const limitsOf = ({ profile }: Profiled): ProfileComparison['limits'] => {
  const { model, layers } = profile;
  return layers
    .filter(({ parameters }) => parameters > 0)
    .sort((one, other) => (other.share ?? 0) - (one.share ?? 0))
    .slice(0, most)
    .map(({ name, share, parameters }) => ({
      layer: name,
      sentence: `${name} takes ${percent(share ?? 0)} of the time for ${percent(parameters / model.parameters)} of the parameters.`,
    }));
};
