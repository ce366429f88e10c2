import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { CacheOptions } from '../contract/recipe';
import { version } from '../contract/version';
import { batchTensors } from '../data/dataset';
import { variantsOf } from '../data/variants';
import { OutputStore, type BlockLayout } from './outputStore';
import type { GivenOutputs } from './passes';
import type { RunningStage } from './stage';
import { makePictures, type InputSource } from './stepInputs';
import { readOutputs, TeacherRows } from './teacherRows';

/** Where and how much may be kept. */
export interface CachePlace extends CacheOptions {
  folder: string;
}

/** What a stage's cache is made for. */
export interface CacheSetup {
  running: RunningStage;
  source: InputSource;
  /** SHA-256, hex, of the data. */
  data: string;
  place: CachePlace;
  /** The order in which an epoch visits the training samples. */
  orderOf(epoch: number): Int32Array;
}

/** One group of samples whose outputs are computed together, always the same ones. */
interface Block {
  variant: number;
  positions: Int32Array;
  /** Its first row. */
  begin: number;
  length: number;
}

const megabyte = 1e6;
const floatBytes = Float32Array.BYTES_PER_ELEMENT;

/** A variant's blocks are the batches of the first epoch that shows it, then what that epoch leaves out. */
const blocksOf = ({ running, source, orderOf }: CacheSetup): Block[] => {
  const { batchSize } = running.stage.training;
  const { count } = source.split;
  const blocks: Block[] = [];
  for (let variant = 0; variant < variantsOf(source.augment); variant++) {
    const order = orderOf(variant);
    for (let begin = 0; begin < count; begin += batchSize) {
      const positions = order.slice(begin, begin + batchSize);
      blocks.push({ variant, positions, begin: variant * count + begin, length: positions.length });
    }
  }
  return blocks;
};

/** Changes with everything that the rows depend on. */
const keyOf = async (setup: CacheSetup, names: readonly string[], blocks: readonly Block[]) => {
  const { teachers } = setup.running.plan;
  const { augment, seed } = setup.source;
  const facts = {
    versions: [version, tf.version_core, tf.getBackend(), process.arch],
    data: setup.data,
    augment,
    seed,
    names,
    teachers: await Promise.all(teachers.map((teacher) => teacher.hash())),
    inputs: teachers.map(({ input }) => input),
  };
  const hash = createHash('sha256').update(JSON.stringify(facts));
  for (const { positions } of blocks) hash.update(positions);
  return hash.digest('hex').slice(0, 24);
};

/** For each variant the row of each sample, counted within the variant. */
const placesOf = (blocks: readonly Block[], { split, augment }: InputSource): Int32Array[] => {
  const places = Array.from({ length: variantsOf(augment) }, () => new Int32Array(split.count).fill(-1));
  for (const { variant, positions, begin } of blocks)
    positions.forEach((position, index) => {
      const own = places[variant];
      if (own) own[position] = begin - variant * split.count + index;
    });
  return places;
};

/** Teacher outputs of training pictures that come back: computed once, in blocks, and kept. */
export class TeacherCache {
  private readonly places: readonly Int32Array[];
  private readonly blocksInVariant: number;

  constructor(
    private readonly rows: TeacherRows,
    private readonly store: OutputStore,
    private readonly blocks: readonly Block[],
    private readonly source: InputSource,
  ) {
    this.places = placesOf(blocks, source);
    this.blocksInVariant = blocks.length / this.places.length;
  }

  /** What the teachers say about the pictures that `epoch` (from 0) shows of the samples at `positions`. */
  outputs(positions: Int32Array, epoch: number): GivenOutputs {
    const places = Array.from(positions, (position) => this.place(position, epoch % this.places.length));
    for (const { block } of places) this.compute(block);
    const rows = places.map(
      ({ block, index }) =>
        () =>
          this.store.row(block, index),
    );
    return this.rows.unpack(rows);
  }

  /**
   * Computes what `epoch` needs and is missing, if earlier epochs should have left it: a few samples, or everything
   * where a run goes on without what it kept. `goesOn` is asked after each block; false ends the work.
   */
  async complete(epoch: number, goesOn: (left: number) => Promise<boolean>): Promise<boolean> {
    if (epoch < this.places.length) return true;
    const variant = epoch % this.places.length;
    const missing = [...this.blocks.keys()].filter(
      (block) => this.blocks[block]?.variant === variant && !this.store.has(block),
    );
    for (const [done, block] of missing.entries()) {
      if (!(await goesOn(missing.length - done))) return false;
      this.compute(block);
    }
    if (variant === this.places.length - 1) this.rows.dispose();
    return true;
  }

  close(): void {
    this.rows.dispose();
    this.store.close();
  }

  private place(position: number, variant: number): { block: number; index: number } {
    const row = this.places[variant]?.[position] ?? -1;
    if (row < 0) throw new Error(`The order of the training samples leaves out sample ${position}.`);
    const length = this.blocks[0]?.length ?? 1;
    return { block: variant * this.blocksInVariant + Math.floor(row / length), index: row % length };
  }

  private compute(which: number): void {
    if (this.store.has(which)) return;
    const { variant, positions } = this.blocks[which] as Block;
    const batch = makePictures(this.source, positions, variant, 'teacher');
    try {
      this.store.put(which, this.rows.compute(batch.images));
    } finally {
      tf.dispose(batchTensors(batch));
    }
  }
}

/** Why the teachers of a stage run within its steps, or what is kept. */
export interface CacheDecision {
  cache: TeacherCache | null;
  /** A sentence for the run's events; null where no loss of the stage reads a teacher. */
  note: string | null;
}

/** Why keeping outputs would not help; null where it would. A matter of the recipe alone. */
const reasonAgainst = ({ running, source }: CacheSetup): string | null => {
  const { terms } = running.plan;
  const variants = variantsOf(source.augment);
  const own = terms.find(({ prepared }) => prepared.view);
  if (own) return `"${own.label}" makes pictures of its own out of every batch`;
  if (variants === Infinity)
    return 'every epoch shows new pictures ("repeat" in the data’s augment section lets them come back)';
  return running.stage.training.epochs <= variants ? 'no picture comes back within its epochs' : null;
};

const sizeText = (bytes: number): string =>
  bytes < 10 * megabyte ? `${(bytes / megabyte).toFixed(1)} MB` : `${Math.round(bytes / megabyte)} MB`;

/** Deletes what other stages, or an earlier state of the teachers, have left. */
const clear = async (folder: string, kept: string | null): Promise<void> => {
  for (const name of await readdir(folder).catch(() => []))
    if (name !== kept) await rm(join(folder, name), { recursive: true, force: true });
};

const openStore = async (
  { place }: CacheSetup,
  bytes: number,
  layout: BlockLayout,
  key: string,
): Promise<OutputStore> => {
  const isOnDisk = bytes <= place.disk * megabyte;
  await clear(place.folder, isOnDisk ? key : null);
  return OutputStore.open(layout, place.memory * megabyte, isOnDisk ? join(place.folder, key) : null);
};

const openRows = ({ running, source }: CacheSetup): TeacherRows => {
  const example = makePictures(source, Int32Array.of(0), 0, 'example');
  const { batchSize } = running.stage.training;
  const rows = new TeacherRows(running.plan, example.images, Math.min(batchSize, source.split.count));
  tf.dispose(batchTensors(example));
  return rows;
};

/** Decides whether a stage's teacher outputs are kept, and opens what an earlier process has kept of them. */
export const openTeacherCache = async (setup: CacheSetup): Promise<CacheDecision> => {
  const { running, source, place } = setup;
  const { name } = running.stage;
  const within = (reason: string): CacheDecision => ({
    cache: null,
    note: `The teacher runs in every step of the stage "${name}", since ${reason}.`,
  });
  if (readOutputs(running.plan).length === 0) return { cache: null, note: null };
  const reason = reasonAgainst(setup);
  if (reason !== null) return within(reason);
  const rows = openRows(setup);
  const pictures = source.split.count * variantsOf(source.augment);
  const bytes = rows.size * floatBytes * pictures;
  if (bytes > Math.max(place.memory, place.disk) * megabyte)
    return within(`its outputs take ${sizeText(bytes)}, more than the recipe’s cache section allows`);
  const blocks = blocksOf(setup);
  const layout = { rowSize: rows.size, blocks };
  const store = await openStore(setup, bytes, layout, await keyOf(setup, rows.names, blocks));
  return {
    cache: new TeacherCache(rows, store, blocks, source),
    note: `The teacher’s outputs in the stage "${name}" are computed once and kept: ${sizeText(bytes)} for ${pictures} pictures.`,
  };
};
