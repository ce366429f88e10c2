import { expect, it } from 'vitest';
import { pythonCandidates } from '../../../../src/engine/pythonCandidates';

const none = { setting: '', active: null, configured: null, folders: [] };
const never = (): boolean => false;

it('asks the setting first, then the Python extension, its setting, and the workspace’s environments', () => {
  const hints = {
    setting: '/opt/a/python',
    active: '/opt/b/python',
    configured: '/opt/c/python',
    folders: ['/project/one', '/project/two'],
  };
  const there = (path: string): boolean => /two[\\/]\.venv|one[\\/]venv/.test(path);
  const found = pythonCandidates(hints, '/home/me', there).map((path) => path.replaceAll('\\', '/'));
  expect(found.slice(0, 3)).toEqual(['/opt/a/python', '/opt/b/python', '/opt/c/python']);
  expect(found.slice(3)).toHaveLength(2);
  expect(found[3]).toMatch(/^\/project\/one\/venv\//);
  expect(found[4]).toMatch(/^\/project\/two\/\.venv\//);
});

it('leaves out what is not set, what merely names the default, and what comes twice', () => {
  expect(pythonCandidates(none, '/home/me', never)).toEqual([]);
  expect(pythonCandidates({ ...none, configured: 'python' }, '/home/me', never)).toEqual([]);
  expect(pythonCandidates({ ...none, active: '/a', configured: '/a' }, '/home/me', never)).toEqual(['/a']);
});

it('puts in the workspace folder and the home folder, and leaves a bare name to PATH', () => {
  const folders = ['/project/one'];
  const only = (configured: string): string[] =>
    pythonCandidates({ ...none, configured, folders }, '/home/me', never);
  expect(only('${workspaceFolder}/env/bin/python')).toEqual(['/project/one/env/bin/python']);
  expect(only('env/bin/python')).toEqual(['/project/one/env/bin/python']);
  expect(only('~/env/bin/python')).toEqual(['/home/me/env/bin/python']);
  expect(only('python3.12')).toEqual(['python3.12']);
});
