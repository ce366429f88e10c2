import type { Failure } from './failure';
import type { RunModels } from './calls';
import type { FrozenRecipe, MetricPoint, RunReport, RunState } from './run';
import type { SampleImage, Sheet, SheetRequest } from './sheet';

/** What a page shows of one run. */
export interface RunSnapshot {
  /** The run folder's name: a page never knows a path. */
  id: string;
  name: string;
  state: RunState;
  recipe: FrozenRecipe['recipe'];
  points: MetricPoint[];
  report: RunReport | null;
}

/** Calls that the host answers for the Curves page (birpc over postMessage). */
export interface CurvesHost {
  /** The page is ready: which runs to show, whole. Later changes come through {@link CurvesPage}. */
  open(): Promise<{ runs: RunSnapshot[] }>;
  /** Lets the user choose the runs to compare. */
  chooseRuns(): Promise<void>;
  stop(id: string): Promise<void>;
  openReport(id: string): Promise<void>;
  openActivations(id: string): Promise<void>;
  exportCsv(id: string): Promise<void>;
}

/** Calls that the Curves page answers. */
export interface CurvesPage {
  /** Runs were added or removed. */
  show(runs: RunSnapshot[]): void;
  /** New points; `from` is how many the page should already have, else it asks `open` again. */
  append(id: string, from: number, points: MetricPoint[], state: RunState, report: RunReport | null): void;
}

export type PageAnswer<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** Calls that the host answers for the Activations page. */
export interface ActivationsHost {
  open(): Promise<PageAnswer<{ id: string; name: string; models: RunModels; state: RunState }>>;
  sheet(request: Omit<SheetRequest, 'run'>): Promise<PageAnswer<Sheet>>;
  sample(index: number): Promise<PageAnswer<SampleImage>>;
  /** A layer was chosen in the page: highlight the line that defines it; reveal it when `reveal`. */
  layerChosen(network: 'teacher' | 'student', layer: string, reveal: boolean): Promise<void>;
}

/** Calls that the Activations page answers. */
export interface ActivationsPage {
  /** The cursor stands on this layer's definition. */
  chooseLayer(network: 'teacher' | 'student', layer: string): void;
  /** The run moved on: newer checkpoints may exist. */
  state(state: RunState): void;
}
