import { stageEnds } from '../adapters/stages';
import { Failed } from '../contract/failure';
import type { Network } from '../models/network';

/** Where a stage of a network ends. */
export interface StageTap {
  name: string;
  /** [height, width, channels] */
  shape: readonly [number, number, number];
}

/** The stages of a convolutional network, shallowest first, at least one. Throws `Failed` (pairMismatch) without maps. */
export const stageTaps = ({ info }: Network, method: string): StageTap[] => {
  const stages = stageEnds(info).map(({ name, shape }) => ({
    name,
    shape: shape as [number, number, number],
  }));
  if (stages.length > 0) return stages;
  throw new Failed(
    'pairMismatch',
    `The student "${info.name}" has no feature maps, and ${method} reads them.`,
    'Use a convolutional student, or another method.',
  );
};
