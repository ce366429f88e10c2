import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { parseMetrics } from '../../engine/contract/metrics';
import type { MetricPoint } from '../../engine/contract/run';

const sliceBytes = 1 << 20;

/**
 * Follows a `metrics.jsonl` by offset: each read takes only what was added. A last line without its end waits for it.
 * A file that was replaced or cut (a resumed run drops the points after its checkpoint) is read anew.
 */
export class MetricsTail {
  private offset = 0;
  private inode = -1;
  private rest = '';
  private decoder = new StringDecoder('utf8');
  private known: MetricPoint[] = [];
  private pending: Promise<number> = Promise.resolve(0);

  constructor(private readonly file: string) {}

  /** Every point read so far. */
  get points(): readonly MetricPoint[] {
    return this.known;
  }

  /** Reads what was added; gives how many of the points were known before, 0 if all were read anew. */
  read(): Promise<number> {
    this.pending = this.pending.then(() => this.readNow());
    return this.pending;
  }

  private async readNow(): Promise<number> {
    const file = await open(this.file, 'r').catch(() => null);
    if (!file) return this.restart(-1);
    try {
      const { size, ino } = await file.stat();
      if (ino !== this.inode || size < this.offset) this.restart(ino);
      const from = this.known.length;
      const slice = new Uint8Array(Math.min(sliceBytes, Math.max(0, size - this.offset)));
      while (this.offset < size) {
        const { bytesRead } = await file.read(
          slice,
          0,
          Math.min(slice.length, size - this.offset),
          this.offset,
        );
        if (bytesRead === 0) break;
        this.offset += bytesRead;
        this.take(slice.subarray(0, bytesRead));
      }
      return from;
    } finally {
      await file.close();
    }
  }

  private take(bytes: Uint8Array): void {
    const text = this.rest + this.decoder.write(Buffer.from(bytes));
    const end = text.lastIndexOf('\n') + 1;
    this.rest = text.slice(end);
    for (const point of parseMetrics(text.slice(0, end))) this.known.push(point);
  }

  private restart(inode: number): number {
    this.inode = inode;
    this.offset = 0;
    this.rest = '';
    this.decoder = new StringDecoder('utf8');
    this.known = [];
    return 0;
  }
}
