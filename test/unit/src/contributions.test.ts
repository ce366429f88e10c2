import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import {
  commands,
  contextKeys,
  panelTypes,
  settingNames,
  settingsSection,
  views,
} from '../../../src/contributions';

const root = resolve(__dirname, '../../..');
const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'));
const { contributes, activationEvents, capabilities } = manifest;

it('contributes exactly the commands that the code knows', () => {
  const contributed = contributes.commands.map((one: { command: string }) => one.command);
  expect([...contributed].sort()).toEqual(Object.values(commands).sort());
  for (const { category, title } of contributes.commands) {
    expect(category).toBe('Retort');
    expect(title).toMatch(/^[A-Z]/);
  }
});

it('contributes exactly the settings that the code reads, each with a default and a description', () => {
  const { properties } = contributes.configuration;
  const known = Object.values(settingNames).map((name) => `${settingsSection}.${name}`);
  expect(Object.keys(properties).sort()).toEqual(known.sort());
  for (const property of Object.values<Record<string, unknown>>(properties)) {
    expect(property).toHaveProperty('default');
    expect(String(property['markdownDescription'])).toMatch(/\.$/);
  }
  for (const name of capabilities.untrustedWorkspaces.restrictedConfigurations)
    expect(Object.keys(properties)).toContain(name);
});

it('names only known commands and views in menus, welcome texts and the walkthrough', () => {
  const known = new Set<string>(Object.values(commands));
  const menus = Object.values<{ command: string; when?: string }[]>(contributes.menus).flat();
  for (const { command } of menus) expect(known).toContain(command);
  const texts = [
    ...contributes.viewsWelcome.map((one: { contents: string }) => one.contents),
    ...contributes.walkthroughs[0].steps.map((one: { description: string }) => one.description),
  ].join('\n');
  const linked = [...texts.matchAll(/command:(retort\.[\w.]+)/g)].map(([, id]) => id as string);
  expect(linked.length).toBeGreaterThan(4);
  for (const id of linked) expect(known).toContain(id);
  expect(contributes.views[views.container][0].id).toBe(views.runs);
  for (const { view } of contributes.viewsWelcome) expect(view).toBe(views.runs);
});

it('asks in menus for every context key that the code sets', () => {
  for (const key of Object.values(contextKeys)) expect(JSON.stringify(contributes.menus)).toContain(key);
});

it('wakes up for every page, and never for everything', () => {
  for (const type of Object.values(panelTypes)) expect(activationEvents).toContain(`onWebviewPanel:${type}`);
  expect(activationEvents).not.toContain('*');
});

it('names only files that are there', () => {
  const files: string[] = [
    manifest.icon,
    contributes.viewsContainers.activitybar[0].icon,
    ...contributes.walkthroughs[0].steps.map((one: { media: { svg: string } }) => one.media.svg),
  ];
  for (const file of files) expect(existsSync(resolve(root, file)), file).toBe(true);
});
