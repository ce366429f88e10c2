import { describe, expect, it } from 'vitest';
import type { BackendReport } from '../../../../engine/contract/backend';
import { setupReport } from '../../../../src/engine/setupReport';

describe('setupReport', () => {
  const runtime = { path: '/home/me/bin/node', version: '20.1.0', origin: 'PATH', env: {} };
  const backend = {
    name: 'cpu' as const,
    description: 'Plain JavaScript',
    passedOver: [{ name: 'TensorFlow', reason: 'It is not installed.' }],
  };
  const hello = { protocol: 1, version: '0.1.0', node: '20.1.0', backend };
  const python = {
    python: '/home/me/venv/bin/python',
    origin: 'named',
    version: '3.12.1',
    tensorflow: { version: '2.18.0', folder: '/home/me/venv/tensorflow' },
    keras: '3.9.0',
  };
  const backends: BackendReport = {
    choice: backend,
    installed: [],
    pythons: [
      python,
      { ...python, python: '/usr/bin/python3', origin: 'PATH', tensorflow: null, keras: null },
    ],
    prebuilt: true,
    named: null,
    folder: '/home/me/.cache/retort/tensorflow',
    platform: 'linux',
    arch: 'x64',
    node: 'v20.1.0',
  };
  const facts = { extension: '0.1.0', editor: 'Code 1.93', platform: 'linux x64', runtime, hello, backends };

  it('names what computes and why nothing better does, without the home folder', () => {
    const report = setupReport(facts, '/home/me');
    expect(report).toContain('- **Node**: 20.1.0, from PATH (~/bin/node)');
    expect(report).toContain('- **Backend**: Plain JavaScript');
    expect(report).toContain('- **TensorFlow**: It is not installed.');
    expect(report).not.toContain('/home/me');
  });

  it('names every Python with what it could lend, and says what to do with it', () => {
    const report = setupReport(facts, '/home/me');
    expect(report).toContain(
      '- **Python 3.12.1**: ~/venv/bin/python (named): TensorFlow 2.18.0, Keras 3.9.0',
    );
    expect(report).toContain('/usr/bin/python3 (PATH): no TensorFlow, no Keras');
    expect(report).toContain(
      'Your Python has TensorFlow. *Retort: Set Up Native TensorFlow* uses it in place.',
    );
    const bare = { ...backends, pythons: [] };
    expect(setupReport({ ...facts, backends: bare }, '')).toContain('installs TensorFlow');
  });

  it('names what is installed with its size, and gives no advice where TensorFlow computes', () => {
    const best = { ...hello, backend: { name: 'tensorflow' as const, description: 'TF', passedOver: [] } };
    const installed = {
      tensorflow: '2.18.0',
      platform: 'linux',
      arch: 'x64',
      libraries: '.',
      binding: 'prebuilt' as const,
      source: 'a wheel',
      installedAt: '2026-01-01',
      folder: '/home/me/.cache/retort/tensorflow/2.18.0',
      bytes: 853e6,
    };
    const report = setupReport(
      { ...facts, hello: best, backends: { ...backends, choice: best.backend, installed: [installed] } },
      '/home/me',
    );
    expect(report).toContain('~/.cache/retort/tensorflow/2.18.0, prebuilt binding, 853 MB');
    expect(report).not.toContain('What to do');
    expect(report).toContain('Nothing faster is known here.');
  });

  it('tells how TensorFlow gets the kernels that it lacks', () => {
    const passedOver = [{ name: 'Winograd kernels', reason: 'They are not installed.' }];
    const choice = { name: 'tensorflow' as const, description: 'TF', passedOver };
    const report = setupReport(
      { ...facts, hello: { ...hello, backend: choice }, backends: { ...backends, choice } },
      '',
    );
    expect(report).toContain('- **Winograd kernels**: They are not installed.');
    expect(report).toContain('*Retort: Set Up Native TensorFlow* adds what is missing: Winograd kernels.');
  });

  it('shows failures where the facts are missing', () => {
    const failure = { code: 'backendBroken' as const, message: 'A | B.', next: 'Try again.' };
    const report = setupReport({ ...facts, hello: failure, runtime: failure, backends: failure }, '/home/me');
    expect(report).toContain('- **Engine**: A | B. Try again.');
    expect(report).not.toContain('**Backend**');
  });
});
