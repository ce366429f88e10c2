import { mkdirSync, mkdtempSync, rmSync, existsSync, utimesSync, writeFileSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const cache = mkdtempSync(join(tmpdir(), 'retort-lock-'));
const lockFile = (name: string): string => join(cache, 'locks', `${name}.lock`);
let withLock: typeof import('../../../setup/lock.mjs').withLock;
const quiet = (): void => undefined;

beforeAll(async () => {
  vi.stubEnv('RETORT_CACHE', cache);
  ({ withLock } = await import('../../../setup/lock.mjs'));
  mkdirSync(join(cache, 'locks'), { recursive: true });
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true, force: true });
});

test('two holders follow one another', async () => {
  const order: string[] = [];
  const hold = (name: string) =>
    withLock('pair', quiet, async () => {
      order.push(`${name} in`);
      await sleep(30);
      order.push(`${name} out`);
    });
  await Promise.all([hold('a'), hold('b')]);
  expect(order.map((one) => one.split(' ')[1])).toEqual(['in', 'out', 'in', 'out']);
  expect(existsSync(lockFile('pair'))).toBe(false);
});

test('a failing task gives the lock back', async () => {
  const failing = withLock('failing', quiet, () => Promise.reject(new Error('no disk')));
  await expect(failing).rejects.toThrow('no disk');
  await expect(withLock('failing', quiet, () => Promise.resolve('after'))).resolves.toBe('after');
});

test('the lock of a process that is gone is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  writeFileSync(lockFile('gone'), String(pid));
  await expect(withLock('gone', quiet, () => Promise.resolve('mine'))).resolves.toBe('mine');
});

test('a lock that nobody touches any more is taken over, whoever has its process number now', async () => {
  writeFileSync(lockFile('old'), String(process.pid));
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(lockFile('old'), longAgo, longAgo);
  await expect(withLock('old', quiet, () => Promise.resolve('mine'))).resolves.toBe('mine');
});

test.runIf(process.platform === 'linux')(
  'a command that outlived its killed set-up still holds the lock until it ends',
  async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(lockFile('orphan'), String(pid));
    const env = { ...process.env, RETORT_SETUP_LOCK: lockFile('orphan') };
    const orphan = spawn('sleep', ['0.8'], { env, stdio: 'ignore' });
    let hasEnded = false;
    orphan.once('exit', () => (hasEnded = true));
    await sleep(100);
    await withLock('orphan', quiet, async () => expect(hasEnded).toBe(true));
  },
);
