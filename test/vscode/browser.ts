import { chromium, type Browser } from 'playwright-core';
import { findChromium } from '../../setup/chromium.mjs';

/** What a container without a GPU, a sandbox or a network needs; nothing is fetched in the background. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

export const viewport = { width: 1440, height: 900 };

/** Headless Chromium: the machine's own. */
export const launchBrowser = async (): Promise<Browser> => {
  const executablePath = await findChromium();
  if (executablePath === null) throw new Error('No Chromium was found; `npm test` installs it.');
  return chromium.launch({ executablePath, headless: true, args: flags });
};
