/** How a tap is shown: raw values, each channel's softmax over positions (CWD), or the student through its adapter. */
export type SheetView = 'values' | 'distribution' | 'adapted';

export interface SheetRequest {
  /** Absolute run folder. */
  run: string;
  network: 'teacher' | 'student';
  /** A tap: a layer's name or `logits`. */
  tap: string;
  /** Position in the validation split. */
  sample: number;
  view: SheetView;
}

/**
 * The channels of one tap as tiles, quantised at the source: value = min[c] + (max[c] - min[c]) * data / 255.
 * Vectors come as one tile per channel of 1x1. `data` is channel after channel, rows from top to bottom.
 */
export interface Sheet {
  network: 'teacher' | 'student';
  tap: string;
  view: SheetView;
  height: number;
  width: number;
  channels: number;
  min: Float32Array;
  max: Float32Array;
  data: Uint8Array;
  /** Global step of the checkpoint that was read; null for a network that is not trained in this run. */
  checkpoint: number | null;
}

export interface Prediction {
  label: string;
  /** Of segmentation, the share of pixels that are right; null for values and boxes. */
  probability: number | null;
}

/** The picture behind a sample: RGB bytes, for the page's corner. */
export interface SampleImage {
  index: number;
  count: number;
  height: number;
  width: number;
  rgb: Uint8Array;
  /** What the data say of it: its class, value, classes of its pixels, or number of boxes. */
  label: string;
  /** What each network says of it: class name and probability, or a value without one; null where nothing. */
  teacher: Prediction | null;
  student: Prediction | null;
}
