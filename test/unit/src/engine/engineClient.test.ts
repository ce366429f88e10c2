import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { protocolVersion } from '../../../../engine/contract/calls';
import { EngineClient } from '../../../../src/engine/engineClient';
import { isAlive } from '../../../../src/runs/runFolder';

const folder = mkdtempSync(join(tmpdir(), 'retort-engine-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** An engine that greets as the real one does, and can be told to misbehave. */
const script = join(folder, 'engine.cjs');
writeFileSync(
  script,
  `const [, , verb, mode] = process.argv;
  const backend = { name: 'cpu', description: 'Plain JavaScript', passedOver: [] };
  const protocol = mode === 'other' ? 99 : ${protocolVersion};
  const answers = {
    hello: () => ({ ok: true, value: { protocol, version: '1', node: process.versions.node, backend } }),
    inspect: () => ({ ok: false, failure: { code: 'modelNotFound', message: 'No model.', next: 'Look.' } }),
    methods: () => process.kill(process.pid, 'SIGKILL'),
    sample: (run, index) => ({ ok: true, value: { rgb: new Uint8Array([1, 2, index]), run } }),
  };
  if (verb !== 'serve') process.exit(9);
  if (mode === 'dies') { console.error('cannot load'); process.exit(3); }
  process.on('disconnect', () => process.exit(0));
  process.on('message', ({ m, a, i }) => {
    if (mode === 'silent' || m === 'runModels') return;
    console.log('asked for ' + m);
    const answer = answers[m];
    process.send(answer ? { t: 's', i, r: answer(...a) } : { t: 's', i, e: new Error('unknown') });
  });`,
);

const clients: EngineClient[] = [];
afterEach(() => clients.splice(0).forEach((client) => client.dispose()));

const makeClient = (
  mode = '',
  { isTrusted = true, helloTimeoutMs = 30_000, callTimeoutMs = 30_000 } = {},
) => {
  const lines: string[] = [];
  let starts = 0;
  const client = new EngineClient({
    options: async () => {
      starts++;
      const runtime = { path: process.execPath, version: '', origin: 'the test', env: process.env };
      const print = (line: string): void => void lines.push(line);
      return { bundle: script, runtime, args: [mode], print, helloTimeoutMs, callTimeoutMs };
    },
    isTrusted: () => isTrusted,
    info: (line) => lines.push(line),
    warn: (line) => lines.push(line),
  });
  clients.push(client);
  return { client, lines, starts: () => starts };
};

const until = async (isTrue: () => boolean): Promise<void> => {
  for (let left = 500; left > 0 && !isTrue(); left--) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isTrue()).toBe(true);
};

describe('EngineClient', () => {
  it('starts once with the first calls, keeps typed arrays whole, and logs by line', async () => {
    const { client, lines, starts } = makeClient();
    expect(client.pid).toBeNull();
    const [hello, sample] = await Promise.all([client.hello(), client.call('sample', '/run', 7)]);
    expect(hello.backend.description).toBe('Plain JavaScript');
    expect(sample.rgb).toEqual(new Uint8Array([1, 2, 7]));
    expect(starts()).toBe(1);
    await until(() => lines.includes('asked for sample'));
  });

  it('throws the engine’s own failures', async () => {
    const { client } = makeClient();
    await expect(client.call('inspect', '/a')).rejects.toMatchObject({
      code: 'modelNotFound',
      next: 'Look.',
    });
  });

  it('tells of a crash during a call, and starts anew with the next one', async () => {
    const { client, starts } = makeClient();
    await expect(client.call('methods')).rejects.toMatchObject({ code: 'internal', message: /SIGKILL/ });
    await expect(client.hello()).resolves.toBeTruthy();
    expect(starts()).toBe(2);
  });

  it('gives up after four crashes in a row, until it is told to restart', async () => {
    const { client, starts } = makeClient();
    for (let crash = 0; crash < 4; crash++) {
      await expect(client.call('methods')).rejects.toMatchObject({ code: 'internal' });
      await until(() => client.pid === null);
    }
    await expect(client.hello()).rejects.toMatchObject({ code: 'backendBroken' });
    expect(starts()).toBe(4);
    client.stop();
    await expect(client.hello()).resolves.toBeTruthy();
  });

  it('refuses another protocol, an engine that dies, and one that stays silent', async () => {
    await expect(makeClient('other').client.hello()).rejects.toMatchObject({
      code: 'backendBroken',
      message: /protocol 99/,
    });
    await expect(makeClient('dies').client.hello()).rejects.toMatchObject({ message: /exit code 3/ });
    await expect(makeClient('silent', { helloTimeoutMs: 300 }).client.hello()).rejects.toMatchObject({
      message: /within 0.3 seconds/,
    });
  });

  it('gives up a call that is not answered', async () => {
    const { client } = makeClient('', { callTimeoutMs: 100 });
    await expect(client.call('runModels', '/run')).rejects.toMatchObject({
      message: /did not answer “runModels”/,
    });
    await expect(client.hello()).resolves.toBeTruthy();
  });

  it('starts nothing in Restricted Mode', async () => {
    const { client, starts } = makeClient('', { isTrusted: false });
    await expect(client.hello()).rejects.toMatchObject({ code: 'stopped' });
    expect(starts()).toBe(0);
  });

  it('leaves no process behind', async () => {
    const { client } = makeClient();
    await client.hello();
    const pid = client.pid;
    client.dispose();
    await until(() => pid !== null && !isAlive(pid));
  });
});
