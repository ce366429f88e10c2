import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../setup/project.mjs';
import { serveVscode, type ServeOptions, type VscodeServer } from '../../setup/serveVscode.mjs';
import { launchBrowser, viewport } from './browser';
import { Workbench } from './workbench';

/** This project as an extension: linked, not packaged. */
export const linkedExtension = { name: 'retort.retort-0.1.0', path: projectRoot };

/** A window that is looked at, and in which nothing is saved behind the test's back. */
const shownSettings = {
  'files.autoSave': 'off',
  'workbench.colorTheme': 'Default Dark Modern',
  'editor.minimap.enabled': false,
  'files.exclude': { '**/node_modules': true },
};

const screenshots = join(projectRoot, 'build', 'screenshots');

/** One throw-away VS Code with a browser before it. */
export interface VscodeSession {
  readonly workbench: Workbench;
  readonly server: VscodeServer;
  /** Errors that the window's console showed, for a failing test's message. */
  readonly consoleErrors: readonly string[];
  /** Keeps a picture of the window in build/screenshots/. */
  shoot(name: string): Promise<void>;
  close(): Promise<void>;
}

export const startVscodeSession = async (options: ServeOptions): Promise<VscodeSession> => {
  const settings = { ...shownSettings, ...options.settings };
  const server = await serveVscode({ ...options, settings });
  const browser = await launchBrowser();
  const page = await (await browser.newContext({ viewport })).newPage();
  const consoleErrors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') consoleErrors.push(message.text().slice(0, 400));
  });
  mkdirSync(screenshots, { recursive: true });
  return {
    workbench: new Workbench(page),
    server,
    consoleErrors,
    shoot: async (name) => void (await page.screenshot({ path: join(screenshots, `${name}.png`) })),
    close: async () => {
      await browser.close();
      await server.stop();
    },
  };
};
