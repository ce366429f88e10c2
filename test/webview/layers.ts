import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { LayersProposal, LayersSubject } from '../../engine/contract/pages';
import type { ProfileComparison, Proposal } from '../../engine/contract/profile';

/** What the engine said of two networks, measured once and kept. */
export interface KnownNetworks {
  subject: LayersSubject;
  comparison: ProfileComparison;
  proposal: LayersProposal;
}

interface Kept {
  comparison: ProfileComparison;
  proposal: Omit<Proposal, 'teacher' | 'student'>;
  methods: LayersSubject['methods'];
  taken: LayersProposal['taken'];
}

/** `shapes`: the sample project; `resnet`: a ResNet-32 teaching MLCommons' ResNet-8. */
export const knownNetworks = (name: 'shapes' | 'resnet'): KnownNetworks => {
  const file = path.join(import.meta.dirname, `layers.${name}.json`);
  const { comparison, proposal, methods, taken } = JSON.parse(readFileSync(file, 'utf8')) as Kept;
  const [teacher, student] = [comparison.teacher?.model ?? null, comparison.student.model];
  if (!teacher) throw new Error(`${file} has no teacher`);
  return {
    subject: { key: name, teacher, student, methods, recipe: null, data: 'train' },
    comparison,
    proposal: { proposal: { ...proposal, teacher, student }, taken },
  };
};
