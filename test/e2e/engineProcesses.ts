import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type VscodeServer } from '../../setup/serveVscode.mjs';

const readProcess = (pid: string, file: 'cmdline' | 'environ'): string => {
  try {
    return readFileSync(join('/proc', pid, file), 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

/** The engine's processes that this VS Code started, by their command lines (Linux). */
export const engineProcesses = (server: VscodeServer): string[] => {
  const profile = join(server.userData, '..');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && readProcess(name, 'environ').includes(profile))
    .map((pid) => readProcess(pid, 'cmdline').trim())
    .filter((line) => line.includes('retort.cjs'));
};
