import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { CommandFailed, runCommand, startGroup, stopGroup } from '../../../setup/processes.mjs';
import { projectRoot } from '../../../setup/project.mjs';

const isAlive = (pid: number): boolean => {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)])
      .toString()
      .startsWith('Z');
  } catch {
    return false;
  }
};

const untilGone = async (pid: number): Promise<boolean> => {
  for (let tries = 0; tries < 60 && isAlive(pid); tries += 1) await sleep(50);
  return !isAlive(pid);
};

test('a failing command tells its exit code and all that it printed', async () => {
  const failing = runCommand(process.execPath, [
    '-e',
    'console.log("out"); console.error("err"); process.exit(3)',
  ]);
  const error = await failing.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CommandFailed);
  expect((error as CommandFailed).message).toContain('ended with 3');
  expect((error as CommandFailed).output.split('\n').sort().join(' ').trim()).toBe('err out');
});

test('only standard output is the answer', async () => {
  expect(await runCommand(process.execPath, ['-e', 'console.error("progress"); console.log("{}")'])).toBe(
    '{}\n',
  );
});

test('stopping a group ends what its leader started, even if it ignores the request', async () => {
  const child = startGroup(
    'sh',
    ['-c', 'sh -c \'trap "" TERM; echo $$; while :; do sleep 0.1; done\' & wait'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const pid = await new Promise<number>((resolve) =>
    child.stdout?.once('data', (data) => resolve(Number(data))),
  );
  expect(isAlive(pid)).toBe(true);
  await stopGroup(child, 300);
  expect(await untilGone(pid)).toBe(true);
});

test('a set-up that is interrupted leaves no process behind', async () => {
  const module = pathToFileURL(`${projectRoot}/setup/processes.mjs`).href;
  const program = `import { startGroup } from ${JSON.stringify(module)};
    console.log(startGroup('sleep', ['60'], { stdio: 'ignore' }).pid); setInterval(() => {}, 1000);`;
  const setUp = startGroup(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await new Promise<number>((resolve) =>
    setUp.stdout?.once('data', (data) => resolve(Number(data))),
  );
  expect(isAlive(pid)).toBe(true);
  setUp.kill('SIGTERM');
  expect(await untilGone(pid)).toBe(true);
});
