import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { methodPages } from '../../engine/methods/page';
import { methodInfos } from '../../engine/methods/registry';

const folder = new URL('../../docs/methods/', import.meta.url);
const infos = methodInfos();
const pages = methodPages(infos);

describe('the pages of the methods', () => {
  it('are those that are committed: after a change, npm run docs', () => {
    expect(readdirSync(folder).sort()).toEqual([...pages.keys()].sort());
    for (const [name, text] of pages) expect(readFileSync(new URL(name, folder), 'utf8'), name).toBe(text);
  });

  it.each(infos.map((info) => [info.id, info] as const))('say all that a choice needs: %s', (id, info) => {
    const { formula, needs, cost, fails, decisions } = info.guide;
    expect(formula.length).toBeGreaterThan(5);
    for (const sentence of [info.summary, needs, cost, fails, ...decisions])
      expect(sentence).toMatch(/^\S.{15,}[.:]$/);
    const page = pages.get(`${id}.md`) ?? '';
    for (const part of [formula, needs, cost, fails, info.summary, info.url, ...decisions])
      expect(page).toContain(part);
  });

  it('show every parameter with its default, and an entry of a recipe', () => {
    const page = pages.get('kd.md') ?? '';
    expect(page).toContain('| `temperature` | `4` | number, more than 0 |');
    const entry = /```json\n([\s\S]*?)\n```/.exec(page)?.[1] ?? '';
    expect(JSON.parse(entry)).toEqual({ method: 'kd', weight: 0.9, temperature: 4 });
  });
});
