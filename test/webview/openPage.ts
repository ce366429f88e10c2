import { createBirpc } from 'birpc';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Browser, type Page, chromium } from 'playwright-core';
import { findChromium } from '../../setup/chromium.mjs';
import { panelHtml } from '../../src/panels/panelHtml';
import { type ThemeName, themes } from './themes';

const built = path.resolve(import.meta.dirname, '../../dist/webview');
const screenshots = path.resolve(import.meta.dirname, '../../build/screenshots/pages');
const origin = 'https://pages.test';

export const launchBrowser = async (): Promise<Browser> => {
  const executablePath = await findChromium();
  if (!executablePath) throw new Error('no Chromium was found: “npm test” sets one up');
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  });
};

/** A page's built files; the tests are of what ships. */
export const builtFile = (name: string): string => {
  const file = path.join(built, name);
  if (!existsSync(file)) throw new Error(`${file} is absent: run “npm run build” first`);
  return file;
};

export interface PageOptions {
  theme?: ThemeName;
  width?: number;
  height?: number;
  /** What the page saved before it was reloaded. */
  saved?: unknown;
}

export interface OpenedPage<PageCalls extends object> {
  page: Page;
  /** Calls the page, as the host does. */
  call: PageCalls;
  /** Directives of the content security policy that the page broke. */
  violations: string[];
  /** Errors that reached the console or nobody. */
  errors: string[];
  saved(): Promise<Record<string, unknown>>;
  screenshot(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a built page as VS Code does: under the host's policy, with its colours, and one link made of messages. */
export const openPage = async <PageCalls extends object>(
  browser: Browser,
  name: 'curves' | 'activations' | 'layers',
  host: object,
  { theme = 'dark', width = 1000, height = 700, saved }: PageOptions = {},
): Promise<OpenedPage<PageCalls>> => {
  const page = await browser.newPage({ viewport: { width, height } });
  const violations: string[] = [];
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.exposeFunction('tellViolation', (directive: string) => violations.push(directive));
  const call = await linkHost<PageCalls>(page, host);
  await page.addInitScript(fakeEditor, { ...themes[theme], saved: saved ?? null });
  const html = panelHtml({
    title: name,
    script: `${origin}/${name}.js`,
    style: `${origin}/${name}.css`,
    cspSource: origin,
  });
  await page.route(`${origin}/**`, async (route) => {
    const file = new URL(route.request().url()).pathname.slice(1);
    if (file) await route.fulfill({ path: builtFile(file) });
    else await route.fulfill({ contentType: 'text/html', body: html });
  });
  await page.goto(`${origin}/`);
  return {
    page,
    call,
    violations,
    errors,
    saved: () => page.evaluate(() => JSON.parse(sessionStorage.getItem('saved') ?? '{}')),
    screenshot: async (file) => {
      await mkdir(screenshots, { recursive: true });
      await page.screenshot({ path: path.join(screenshots, `${file}.png`) });
    },
    close: () => page.close(),
  };
};

const linkHost = async <PageCalls extends object>(page: Page, host: object): Promise<PageCalls> => {
  let receive: (message: unknown) => void = () => undefined;
  await page.exposeFunction('postToHost', (message: unknown) => receive(message));
  const link = createBirpc<PageCalls, object>(host, {
    post: (message) => page.evaluate(receiveMessage, JSON.stringify(message, asEditorSends)),
    on: (listen) => {
      receive = listen;
    },
  });
  return link as unknown as PageCalls;
};

/** VS Code sends JSON with typed arrays beside it: what is not a number becomes null, arrays arrive as they were. */
const asEditorSends = (_key: string, value: unknown): unknown =>
  ArrayBuffer.isView(value)
    ? {
        kind: value.constructor.name,
        bytes: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)],
      }
    : value;

/** Runs in the page. */
const receiveMessage = (json: string): void => {
  const kinds: Record<string, new (buffer: ArrayBuffer) => unknown> = { Float32Array, Uint8Array };
  const revived = JSON.parse(json, (_key, value) => {
    const Kind = value && typeof value === 'object' && 'bytes' in value ? kinds[value.kind] : undefined;
    return Kind ? new Kind(Uint8Array.from(value.bytes).buffer) : value;
  });
  window.postMessage(revived, '*');
};

interface FakeEditor {
  kind: string;
  colours: Record<string, string>;
  saved: unknown;
}

/** Runs in the page before its script: what VS Code puts there. */
const fakeEditor = ({ kind, colours, saved }: FakeEditor): void => {
  const world = window as unknown as {
    postToHost(message: unknown): void;
    tellViolation(directive: string): void;
    acquireVsCodeApi: () => unknown;
    setTheme(kind: string, colours: Record<string, string>): void;
  };
  document.addEventListener('securitypolicyviolation', (event) =>
    world.tellViolation(`${event.violatedDirective} ${event.blockedURI}`),
  );
  if (saved !== null) sessionStorage.setItem('saved', JSON.stringify(saved));
  let isAcquired = false;
  world.acquireVsCodeApi = () => {
    if (isAcquired) throw new Error('An instance of the VS Code API has already been acquired');
    isAcquired = true;
    return {
      postMessage: (message: unknown) => world.postToHost(message),
      getState: () => JSON.parse(sessionStorage.getItem('saved') ?? 'null') ?? undefined,
      setState: (state: unknown) => sessionStorage.setItem('saved', JSON.stringify(state)),
    };
  };
  world.setTheme = (nextKind, next) => {
    for (const [name, value] of Object.entries(next))
      document.documentElement.style.setProperty(`--vscode-${name}`, value);
    document.body.className = nextKind;
  };
  document.addEventListener('DOMContentLoaded', () => world.setTheme(kind, colours));
};

/** Changes the editor's theme under an open page. */
export const setTheme = (page: Page, theme: ThemeName): Promise<void> =>
  page.evaluate(
    ({ kind, colours }) =>
      (window as unknown as { setTheme(kind: string, colours: object): void }).setTheme(kind, colours),
    themes[theme],
  );

export const pageSize = async (name: string): Promise<number> => (await readFile(builtFile(name))).byteLength;
