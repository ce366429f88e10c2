import type { Failure } from './failure';
import type { MethodInfo, ModelInfo } from './model';
import type { DataInput } from './data';
import type { MethodPairs, ProfileComparison, Proposal } from './profile';
import type { Pair, Recipe, Task } from './recipe';
import type { BackendChoice } from './run';
import type { SampleImage, Sheet, SheetRequest } from './sheet';

/** Raised by one whenever a call's meaning changes; host and engine must agree. */
export const protocolVersion = 1;

/** A call's answer: errors are data and survive the process border whole. */
export type Answer<T> = { ok: true; value: T } | { ok: false; failure: Failure };

export interface Hello {
  protocol: number;
  version: string;
  node: string;
  backend: BackendChoice;
}

/** Taps and matched layers of a run, for the activations page. */
export interface RunModels {
  teacher: ModelInfo | null;
  student: ModelInfo;
  pairs: { method: string; teacher: string; student: string; adapter: string }[];
  classes: string[];
  samples: number;
}

/** What `engine serve` answers, over the fork's IPC (birpc; structured clone, typed arrays survive). */
export interface EngineCalls {
  hello(): Promise<Answer<Hello>>;
  /** Opens a model file or `file#export` (absolute). Runs the user's code: trusted workspaces only. */
  inspect(reference: string): Promise<Answer<ModelInfo>>;
  /** The exports of a code file that are models or make one: the function is not called. */
  modelExports(file: string): Promise<Answer<string[]>>;
  methods(): Promise<Answer<MethodInfo[]>>;
  /** Layer pairs for a method that needs them; absolute references. */
  propose(teacher: string, student: string, method: string): Promise<Answer<Pair[]>>;
  /** Counts and measures both networks; absolute references. */
  compare(teacher: string | null, student: string): Promise<Answer<ProfileComparison>>;
  /**
   * What could be matched, scored on a probe batch of `data` (paths relative to `base`), or on noise without any;
   * absolute references.
   */
  proposal(
    teacher: string,
    student: string,
    probe: { data: DataInput; base: string; task?: Task } | null,
  ): Promise<Answer<Proposal>>;
  /** What each method that matches layers does with proposed pairs, shallowest first; by its id. */
  takenPairs(pairs: Pair[]): Promise<Answer<Record<string, MethodPairs>>>;
  /** Reads and checks a recipe file; fills in defaults. */
  readRecipe(file: string): Promise<Answer<Recipe>>;
  /** Makes the run folder below `project` (the recipe’s own project if left out) and returns it; does not start the run. */
  createRun(recipeFile: string, project?: string): Promise<Answer<string>>;
  runModels(run: string): Promise<Answer<RunModels>>;
  sheet(request: SheetRequest): Promise<Answer<Sheet>>;
  sample(run: string, index: number): Promise<Answer<SampleImage>>;
  /** Writes the run's student again as a layers-model; returns the folder. */
  exportStudent(run: string, folder: string): Promise<Answer<string>>;
}
