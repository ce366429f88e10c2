import type { Failure } from './failure';
import type { RunModels } from './calls';
import type { MethodInfo, ModelInfo } from './model';
import type { MethodPairs, ProfileComparison, Proposal } from './profile';
import type { Pair } from './recipe';
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

/** One loss as the Layers page shows and changes it. */
export interface LossDraft {
  method: string;
  /** Null takes the method's published weight. */
  weight: number | null;
  /** Null leaves the choice to the run. */
  pairs: Pair[] | null;
  /** Where it stands among the losses of the recipe that is open; null for one that is added. */
  index: number | null;
}

/** What the Layers page shows before anything is measured. Models name files, never folders. */
export interface LayersSubject {
  /** Tells one subject from another, for what the page remembers. */
  key: string;
  teacher: ModelInfo | null;
  student: ModelInfo;
  methods: MethodInfo[];
  /** The recipe that is changed; null where one is to be written. */
  recipe: { name: string; losses: LossDraft[] } | null;
  /** What the layers are compared on, in words; null for noise. */
  data: string | null;
}

/** What could be matched, and what each method that matches layers does with it; by the method's id. */
export interface LayersProposal {
  proposal: Proposal;
  taken: Record<string, MethodPairs>;
}

/** Calls that the host answers for the Layers page. */
export interface LayersHost {
  open(): Promise<PageAnswer<LayersSubject>>;
  /** Profiles of both networks; measured once, and anew when `again`. */
  compare(again: boolean): Promise<PageAnswer<ProfileComparison>>;
  /** What could be matched; null without a teacher. */
  propose(again: boolean): Promise<PageAnswer<LayersProposal | null>>;
  /** A layer was chosen in the page: highlight the line that defines it; reveal it when `reveal`. */
  layerChosen(network: 'teacher' | 'student', layer: string, reveal: boolean): Promise<void>;
  /** Lets the user choose another network for one side. */
  chooseModel(network: 'teacher' | 'student'): Promise<void>;
  /** Teacher and student change sides. */
  swap(): Promise<void>;
  /** Lets the user choose what the layers are compared on, and the recipe trains on. */
  chooseData(): Promise<void>;
  /** Writes the recipe, or changes the one that is open; null where the user gave up. */
  write(losses: LossDraft[]): Promise<PageAnswer<{ file: string } | null>>;
}

/** Calls that the Layers page answers. */
export interface LayersPage {
  /** The cursor stands on this layer's definition. */
  chooseLayer(network: 'teacher' | 'student', layer: string): void;
  /** Something else is to be shown: the page asks `open` again. */
  reopen(): void;
  /** This file's text changed since it was opened. */
  outdated(file: string): void;
}
