/** File names that belong together: images with labels, training with test. */
export interface DataNames {
  images: string;
  labels: string;
  testImages?: string;
  testLabels?: string;
}

const imageWords = ['images', 'image', 'data', 'inputs', 'features', 'x'];
const labelWords = ['labels', 'label', 'targets', 'target', 'classes', 'y'];
const trainWords = ['train', 'training'];
const testWords = ['test', 't10k', 'testing', 'val', 'validation'];
const fillers = new Set(['npy', 'idx', 'idx1', 'idx3', 'idx4', 'ubyte', 'gz', 'arr', '']);

interface Parsed {
  name: string;
  role: 'images' | 'labels';
  split: 'train' | 'test' | null;
  /** What is left of the name: equal for files of one set. */
  rest: string;
}

const parse = (name: string): Parsed | null => {
  const words = name.toLowerCase().split(/[^a-z0-9]+/);
  const has = (known: string[]): boolean => words.some((word) => known.includes(word));
  const isLabels = has(labelWords);
  if (!isLabels && !has(imageWords)) return null;
  const said = [...(isLabels ? labelWords : imageWords), ...trainWords, ...testWords];
  const rest = words.filter((word) => !said.includes(word) && !fillers.has(word)).join('-');
  const split = has(trainWords) ? 'train' : has(testWords) ? 'test' : null;
  return { name, role: isLabels ? 'labels' : 'images', split, rest };
};

/** Pairs up names like `x_train`, `y_train`, `train-images-idx3-ubyte.gz`, `t10k-labels-idx1-ubyte.gz`. */
export const matchNames = (names: readonly string[]): DataNames[] => {
  const parsed = names.map(parse).filter((one) => one !== null);
  const find = (role: Parsed['role'], split: Parsed['split'], rest: string): string | undefined =>
    parsed.find((one) => one.role === role && one.split === split && one.rest === rest)?.name;
  return parsed
    .filter((one) => one.role === 'images' && one.split !== 'test')
    .flatMap(({ name, split, rest }) => {
      const labels = find('labels', split, rest);
      if (labels === undefined) return [];
      const testImages = find('images', 'test', rest);
      const testLabels = find('labels', 'test', rest);
      const test = testImages !== undefined && testLabels !== undefined ? { testImages, testLabels } : {};
      return [{ images: name, labels, ...test }];
    });
};
