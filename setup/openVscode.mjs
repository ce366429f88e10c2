// Opens the sample project in VS Code with this extension: the desktop's where `code` is on PATH, else the browser's.
import { findChromium, findOnPath, setUpChromium } from './chromium.mjs';
import { setUpCodeServer } from './codeServer.mjs';
import { runCommand, startGroup } from './processes.mjs';
import { projectRoot } from './project.mjs';
import { serveVscode } from './serveVscode.mjs';
import { say, SetupFailed } from './step.mjs';

const browserSettings = {
  'workbench.colorTheme': 'Default Dark Modern',
  'editor.minimap.enabled': false,
};

/**
 * @typedef {object} Vscode
 * @property {(folder: string) => Promise<string | null>} open opens a folder; the address where it is served, or null
 *
 * @param {string} code the desktop's `code`
 * @returns {Vscode}
 */
const desktop = (code) => ({
  open: async (folder) => {
    await runCommand(code, ['--new-window', `--extensionDevelopmentPath=${projectRoot}`, folder]);
    return null;
  },
});

/** @param {string} address */
const showInBrowser = async (address) => {
  const hasDisplay =
    process.platform === 'darwin' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  const browser = hasDisplay ? await findChromium() : null;
  if (browser !== null) startGroup(browser, ['--new-window', address], { stdio: 'ignore' });
};

/** @returns {Vscode} */
const inBrowser = () => ({
  open: async (folder) => {
    const server = await serveVscode({
      settings: browserSettings,
      extensions: [{ name: 'retort.retort-0.1.0', path: projectRoot }],
    });
    const address = `${server.url}/?folder=${encodeURIComponent(folder)}`;
    await showInBrowser(address);
    return address;
  },
});

const setUpBrowser = () =>
  setUpChromium().catch((error) => {
    if (!(error instanceof SetupFailed)) throw error;
    say(`${error.message} Any other browser shows VS Code too.`);
  });

/**
 * Sets up VS Code where it is missing. Null, and a sentence, where it cannot be had: a run needs no editor.
 * @returns {Promise<Vscode | null>}
 */
export const setUpVscode = async () => {
  const code = await findOnPath(['code']);
  if (code !== null) return desktop(code);
  try {
    await Promise.all([setUpCodeServer(), setUpBrowser()]);
    return inBrowser();
  } catch (error) {
    if (!(error instanceof SetupFailed)) throw error;
    say(`${error.message}\nThe sample run goes on without an editor; its report is a page for any browser.`);
    return null;
  }
};
