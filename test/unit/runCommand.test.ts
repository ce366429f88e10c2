import { describe, expect, it } from 'vitest';
import { runCommand } from '../../engine/backend/command';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Timers that keep the process alive; the fewest of many looks, as the test runner has some of its own now and then. */
const lastingTimers = async (): Promise<number> => {
  let fewest = Infinity;
  for (let look = 0; look < 100; look++) {
    fewest = Math.min(fewest, process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length);
    await turn();
  }
  return fewest;
};

describe('running a program', () => {
  it('leaves no timer behind that would keep the process alive, found or not', async () => {
    const timeoutMs = 600_000;
    const before = await lastingTimers();
    const missing = await runCommand('no-such-program-here', [], { timeoutMs });
    expect(missing).toMatchObject({ code: null, found: false });
    const found = await runCommand(process.execPath, ['-e', 'console.log(7)'], { timeoutMs });
    expect(found).toMatchObject({ code: 0, found: true, output: '7\n' });
    expect(await lastingTimers()).toBeLessThanOrEqual(before);
  });

  it('ends one that takes too long', async () => {
    const { code } = await runCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
      timeoutMs: 200,
    });
    expect(code).toBeNull();
  });

  it('is rejected where it is asked to stop', async () => {
    const signal = AbortSignal.timeout(200);
    const waiting = runCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { signal });
    await expect(waiting).rejects.toMatchObject({ code: 'stopped' });
  });
});
