/** Where a layer is made: zero-based lines and columns, as editors count. */
export interface CodeLocation {
  /** Absolute path. */
  file: string;
  line: number;
  column: number;
  endLine: number;
}

/** One layer of an opened model, in the order of execution. */
export interface LayerInfo {
  name: string;
  /** The layer's class, e.g. `Conv2D`. */
  kind: string;
  /** Without the batch dimension: [height, width, channels], or [features]. */
  shape: number[];
  parameters: number;
  macs: number;
  /** Absent for files, and for layers that no line of the user's code makes. */
  location?: CodeLocation;
}

export interface ModelInfo {
  /** As written: a file, or `file#export`. */
  reference: string;
  name: string;
  format: 'layers-model' | 'code' | 'keras' | 'graph-model' | 'onnx' | 'saved-model';
  /** Without the batch dimension. */
  inputShape: number[];
  outputShape: number[];
  /** True where the model ends in a softmax, which is taken off to reach the logits. */
  softmaxRemoved: boolean;
  parameters: number;
  macs: number;
  layers: LayerInfo[];
  /** Names that can be tapped: every layer with a map or vector output, then `logits`. */
  taps: string[];
  /** Layers with weights whose multiply-accumulates are not known; `macs` leaves them out. */
  uncounted?: string[];
  /** Of models read from a file. */
  opening?: OpeningReport;
}

/** What became of a model file's contents when it was opened. */
export interface OpeningReport {
  /** Arrays of weights in the file. */
  read: number;
  /** Arrays that a layer took. */
  matched: number;
  /** Weights of the model that the file does not hold. */
  missing: string[];
  /** Arrays of the file that no layer takes. */
  unexpected: string[];
  /** What is in the file and matters to no forward pass, as a person would say it. */
  ignored: string[];
}

/** What someone who must choose a method wants to know of it, one or two sentences each; it makes up the method's page. */
export interface MethodGuide {
  /** The loss, in plain characters. */
  formula: string;
  /** Labels, boxes, a second network, a kind of layer. */
  needs: string;
  /** Time and memory beside the student's own. */
  cost: string;
  /** Where it tends to fail. */
  fails: string;
  /** What was decided where the source is silent, or where its code departs from its paper. */
  decisions: readonly string[];
}

/** What the lens needs to know of a method. */
export interface MethodInfo {
  id: string;
  title: string;
  /** One sentence for someone who must choose. */
  summary: string;
  source: string;
  url: string;
  guide: MethodGuide;
  needsTeacher: boolean;
  /** How many layer pairs: none, the logits, or feature maps. */
  pairs: 'none' | 'features';
  tasks: string[];
  defaultWeight: number;
  /** Its parameters with defaults and descriptions, as JSON Schema. */
  parameters: unknown;
}
