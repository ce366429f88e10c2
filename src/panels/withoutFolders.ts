import { basename } from 'node:path';
import type { ModelInfo } from '../../engine/contract/model';
import type { ModelProfile, ProfileComparison, Proposal } from '../../engine/contract/profile';

/** A model as a page may know it: files by name, no folders. */
export const modelWithoutFolders = (model: ModelInfo): ModelInfo => ({
  ...model,
  reference: basename(model.reference),
  layers: model.layers.map((layer) =>
    layer.location
      ? { ...layer, location: { ...layer.location, file: basename(layer.location.file) } }
      : layer,
  ),
});

const profileWithoutFolders = (profile: ModelProfile): ModelProfile => ({
  ...profile,
  model: modelWithoutFolders(profile.model),
});

export const comparisonWithoutFolders = (comparison: ProfileComparison): ProfileComparison => ({
  ...comparison,
  teacher: comparison.teacher && profileWithoutFolders(comparison.teacher),
  student: profileWithoutFolders(comparison.student),
});

export const proposalWithoutFolders = (proposal: Proposal): Proposal => ({
  ...proposal,
  teacher: modelWithoutFolders(proposal.teacher),
  student: modelWithoutFolders(proposal.student),
});
