import { isAbsolute, join } from 'node:path';

/** Where an editor may say which Python is meant. */
export interface PythonHints {
  /** The setting retort.python; empty where it is not set. */
  setting: string;
  /** The interpreter that the Python extension has chosen; null where it has none. */
  active: string | null;
  /** The setting python.defaultInterpreterPath; null where it is not set. */
  configured: string | null;
  /** The workspace's folders. */
  folders: readonly string[];
}

const environments = ['.venv', 'venv'];
const interpreter = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];

/** With what editors allow in paths put in: the first workspace folder and the home folder. */
const expanded = (path: string, folder: string | undefined, home: string): string => {
  const whole = path
    .trim()
    .replace('${workspaceFolder}', folder ?? '')
    .replace(/^(~|\$\{userHome\})(?=[\\/])/, home);
  const isPlace = /[\\/]/.test(whole) && !isAbsolute(whole);
  return isPlace && folder ? join(folder, whole) : whole;
};

/**
 * Interpreters to ask for TensorFlow and Keras, best first: the setting, the Python extension's, python's own setting,
 * the workspace's virtual environments. What PATH has, the engine adds.
 */
export const pythonCandidates = (
  { setting, active, configured, folders }: PythonHints,
  home: string,
  exists: (path: string) => boolean,
): string[] => {
  const named = [setting, active ?? '', configured ?? ''].map((path) => expanded(path, folders[0], home));
  const local = folders
    .flatMap((folder) => environments.map((name) => join(folder, name, ...interpreter)))
    .filter(exists);
  return [...new Set([...named, ...local])].filter((path) => path !== '' && path !== 'python');
};
