import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '../../../engine/wholeFile';
import { fingerprintOf, type Order, type Result } from './orders';

/** Results on disk: what was trained before is not trained again. */
export class Store {
  private constructor(
    private readonly file: string,
    private results: Result[],
  ) {}

  static async open(file: string, fresh: boolean): Promise<Store> {
    await mkdir(dirname(file), { recursive: true });
    const known = fresh || !existsSync(file) ? [] : (JSON.parse(await readFile(file, 'utf8')) as Result[]);
    return new Store(file, known);
  }

  get all(): readonly Result[] {
    return this.results;
  }

  /** The result of exactly this recipe, whatever became of it. */
  of(order: Order): Result | undefined {
    const fingerprint = fingerprintOf(order);
    return this.results.find(
      (one) => one.row === order.row && one.task === order.task && one.fingerprint === fingerprint,
    );
  }

  /** False for what failed, and for a teacher whose weights are gone. */
  has(order: Order): boolean {
    const known = this.of(order);
    return (
      known !== undefined && known.failure === null && (order.row !== 'teacher' || existsSync(known.student))
    );
  }

  async add(result: Result): Promise<void> {
    const isOther = (one: Result) =>
      one.row !== result.row || one.task !== result.task || one.seed !== result.seed;
    this.results = [...this.results.filter(isOther), result];
    await writeWhole(this.file, `${JSON.stringify(this.results, null, 1)}\n`);
  }
}
