import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { failedResult, type Order, type Result } from './orders';

export interface TrainingPlace {
  /** The bundled worker. */
  worker: string;
  /** Where recipes and runs go. */
  folder: string;
  /** A training that says nothing for this long is given up. */
  patienceMs: number;
}

const lastWords = (errors: string, ending: string): string =>
  errors.trim().split('\n').at(-1)?.slice(0, 200) || ending;

/**
 * Trains what is ordered, one after the other, in a process of their own. Every order has a result, also where the
 * process dies or hangs.
 */
export const trainAll = async (
  orders: readonly Order[],
  { worker, folder, patienceMs }: TrainingPlace,
  onResult: (result: Result) => Promise<void>,
): Promise<void> => {
  if (orders.length === 0) return;
  const child = spawn(process.execPath, [worker, JSON.stringify({ orders, folder })], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  let [errors, ending, done] = ['', 'it ended early', 0];
  child.stderr.on('data', (part) => (errors = `${errors}${part}`.slice(-4000)));
  const giveUp = () => {
    ending = `it took longer than ${patienceMs / 1000} s`;
    errors = '';
    kill();
  };
  let timer = setTimeout(giveUp, patienceMs);
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    clearTimeout(timer);
    timer = setTimeout(giveUp, patienceMs);
    done += 1;
    await onResult(JSON.parse(line) as Result);
  }
  clearTimeout(timer);
  process.off('exit', kill);
  for (const order of orders.slice(done)) await onResult(failedResult(order, lastWords(errors, ending)));
};
