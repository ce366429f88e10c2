import type { BackendChoice } from '../contract/run';

/** A backend that was set. */
export interface Started {
  description: string;
  /** What would make it faster and is not used, with the reason. */
  passedOver: BackendChoice['passedOver'];
}
