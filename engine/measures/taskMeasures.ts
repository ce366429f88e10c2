import type { Task } from '../contract/recipe';
import { classification } from './classification';
import { detection } from './detection';
import { features } from './features';
import type { TaskMeasures } from './measures';
import { regression } from './regression';
import { segmentation } from './segmentation';

export const taskMeasures: Readonly<Record<Task, TaskMeasures>> = {
  classification,
  regression,
  segmentation,
  detection,
  features,
};
