import { join } from 'node:path';
import type { Task } from '../../../engine/contract/recipe';

/** What the table trains for one task: data, networks and budget. */
export interface Trial {
  task: Task;
  title: string;
  /** Exports of networks.ts. */
  student: string;
  teacher: string;
  data: Record<string, unknown>;
  training: Record<string, unknown>;
  /** What the teacher's training changes. */
  teacherData: Record<string, unknown>;
  teacherTraining: Record<string, unknown>;
  /**
   * Whether every run trains the teacher itself, or takes it over from a run of the same seed: a trained network that was
   * exported predicts in the target's units, and students learn standardised values.
   */
  teacherInRun?: boolean;
}

export interface TrialData {
  /** The four IDX files. */
  fashion: string;
  /** As prepareNuclei writes it. */
  nuclei: string;
}

const fashion = (folder: string) => ({
  kind: 'idx',
  images: join(folder, 'train-images-idx3-ubyte.gz'),
  labels: join(folder, 'train-labels-idx1-ubyte.gz'),
  testImages: join(folder, 't10k-images-idx3-ubyte.gz'),
  testLabels: join(folder, 't10k-labels-idx1-ubyte.gz'),
  input: { divide: 255 },
  augment: { flip: true },
  limit: 6000,
});

const nuclei = (folder: string, name: string, target: string) => ({
  kind: 'arrays',
  images: join(folder, `${name}-train.npz#images`),
  labels: join(folder, `${name}-train.npz#${target}`),
  testImages: join(folder, `${name}-test.npz#images`),
  testLabels: join(folder, `${name}-test.npz#${target}`),
  input: { divide: 255 },
  augment: { flip: true, crop: 2 },
  validation: 0.15,
});

const adam = { kind: 'adam' };
const ofFashion = {
  training: {
    epochs: 10,
    batchSize: 64,
    learningRate: 0.1,
    schedule: { kind: 'cosine', warmup: 0.5 },
  },
  teacherData: { limit: 30_000 },
  teacherTraining: { epochs: 4 },
};
const ofNuclei = {
  training: { epochs: 20, batchSize: 16, learningRate: 0.004, optimizer: adam },
  teacherData: {},
  teacherTraining: { epochs: 40 },
};

/** The budget of every task: a student on two cores takes some seconds. */
export const trialsOn = (data: TrialData): Trial[] => [
  {
    task: 'classification',
    title: 'Classification: 6,000 pictures of Fashion-MNIST, 10 epochs',
    student: 'classStudent',
    teacher: 'classTeacher',
    data: fashion(data.fashion),
    ...ofFashion,
  },
  {
    task: 'features',
    title: 'Feature learning: 6,000 pictures of Fashion-MNIST, 10 epochs, linear probe',
    student: 'featureStudent',
    teacher: 'featureTeacher',
    data: fashion(data.fashion),
    ...ofFashion,
  },
  {
    task: 'segmentation',
    title: 'Segmentation: 234 images of nuclei, 64x64, three classes, 40 epochs',
    student: 'maskStudent',
    teacher: 'maskTeacher',
    data: nuclei(data.nuclei, 'masks', 'masks'),
    ...ofNuclei,
    training: { ...ofNuclei.training, epochs: 40 },
  },
  {
    task: 'detection',
    title: 'Detection: images of nuclei, 96x96, boxes of their connected components, 20 epochs',
    student: 'boxStudent',
    teacher: 'boxTeacher',
    data: nuclei(data.nuclei, 'boxes', 'boxes'),
    ...ofNuclei,
  },
  {
    task: 'regression',
    title: 'Regression: the number of nuclei in 234 images, 64x64, 20 epochs',
    student: 'countStudent',
    teacher: 'countTeacher',
    data: nuclei(data.nuclei, 'masks', 'counts'),
    teacherInRun: true,
    ...ofNuclei,
  },
];
