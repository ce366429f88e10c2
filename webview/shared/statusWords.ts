import type { RunStatus } from '../../engine/contract/run';

export const statusWords: Record<RunStatus, string> = {
  queued: 'Queued',
  preparing: 'Preparing',
  training: 'Training',
  stopping: 'Stopping…',
  done: 'Done',
  stopped: 'Stopped',
  failed: 'Failed',
};
