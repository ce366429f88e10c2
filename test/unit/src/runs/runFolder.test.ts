import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAlive, listFolders, pageState, readRun, shownStatus } from '../../../../src/runs/runFolder';
import { makeState, writeRun } from '../../../host/fixtures/writeRun';

let project: string;
beforeAll(() => (project = mkdtempSync(join(tmpdir(), 'retort-run '))));
afterAll(() => rmSync(project, { recursive: true }));

describe('shownStatus', () => {
  const now = Date.parse('2026-01-01T12:00:00Z');
  const started = now - 3_600_000;
  const at = (ms: number): string => new Date(ms).toISOString();
  const shown = (changes: Parameters<typeof makeState>[0], alive = true) =>
    shownStatus(makeState({ updatedAt: at(now), ...changes }), now, started, () => alive);

  it('takes the state’s word while the process lives, and for what has ended', () => {
    expect(shown({ status: 'training', pid: 7 })).toBe('training');
    expect(shown({ status: 'done', pid: null }, false)).toBe('done');
    expect(shown({ status: 'stopped', pid: 7 }, false)).toBe('stopped');
  });

  it('shows an active run without its process as interrupted', () => {
    expect(shown({ status: 'training', pid: 7 }, false)).toBe('interrupted');
    expect(shown({ status: 'stopping', pid: 7 }, false)).toBe('interrupted');
  });

  it('does not trust a process number from before the machine started', () => {
    expect(shown({ status: 'training', pid: 7, updatedAt: at(started - 1) })).toBe('interrupted');
  });

  it('gives a new run a minute to start', () => {
    expect(shown({ status: 'queued', pid: null, updatedAt: at(now - 5_000) })).toBe('queued');
    expect(shown({ status: 'queued', pid: null, updatedAt: at(now - 120_000) })).toBe('interrupted');
  });

  it('asks the system about real processes', () => {
    expect(isAlive(process.pid)).toBe(true);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(isAlive(pid)).toBe(false);
  });
});

describe('reading run folders', () => {
  it('reads a run', async () => {
    const folder = writeRun(project, { id: '2026-a', name: 'my run' });
    expect(await readRun(folder)).toMatchObject({ id: '2026-a', name: 'my run', status: 'training', folder });
  });

  it('refuses what is no run, is half written, or comes from a newer version', async () => {
    const empty = join(project, 'empty');
    mkdirSync(empty);
    const torn = writeRun(project, { id: 'torn' });
    writeFileSync(join(torn, 'state.json'), '{"version": 1, "sta');
    const newer = writeRun(project, { id: 'newer' });
    writeFileSync(join(newer, 'state.json'), JSON.stringify({ ...makeState(), version: 2 }));
    expect(await Promise.all([empty, torn, newer].map(readRun))).toEqual([null, null, null]);
  });

  it('lists folders newest first, without unfinished ones', async () => {
    const root = join(project, 'listed');
    for (const name of ['2026-b', '2026-c', '2026-d.abcd.tmp', '.hidden'])
      mkdirSync(join(root, name), { recursive: true });
    writeFileSync(join(root, 'file'), '');
    expect(await listFolders(root)).toEqual([join(root, '2026-c'), join(root, '2026-b')]);
    expect(await listFolders(join(root, 'absent'))).toEqual([]);
  });

  it('tells pages of an interrupted run as a stopped one, with the reason', async () => {
    const folder = writeRun(project, { id: 'gone', state: { updatedAt: '2001-01-01T00:00:00Z' } });
    const run = await readRun(folder);
    expect(run?.status).toBe('interrupted');
    expect(run && pageState(run)).toMatchObject({ status: 'stopped', failure: { code: 'stopped' } });
  });
});
