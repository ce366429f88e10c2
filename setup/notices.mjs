// The licences of the packages that a built Retort contains.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './project.mjs';

/** @typedef {{ dev?: boolean, devOptional?: boolean, version?: string, license?: string }} LockedPackage */

/** @param {string} folder */
const licenceText = (folder) => {
  const name = readdirSync(folder).find((file) => /^(licen[cs]e|copying)/i.test(file));
  return name ? readFileSync(join(folder, name), 'utf8').trim() : null;
};

/** One text for all packages that are not for development only; packages with the same licence text share it. */
export const thirdPartyNotices = () => {
  /** @type {{ packages: Record<string, LockedPackage> }} */
  const { packages } = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'));
  /** @type {Map<string, string[]>} */
  const byText = new Map();
  for (const [path, { dev, version, license }] of Object.entries(packages)) {
    const folder = join(projectRoot, path);
    if (path === '' || dev || !existsSync(folder)) continue;
    const text = licenceText(folder) ?? `Licence: ${license ?? 'see the package'}`;
    byText.set(text, [...(byText.get(text) ?? []), `${path.replace(/^.*node_modules\//, '')} ${version}`]);
  }
  const parts = [...byText].map(([text, names]) => `${names.sort().join('\n')}\n\n${text}`);
  return ['Retort contains parts of these packages.', ...parts].join(`\n\n${'-'.repeat(80)}\n\n`);
};
