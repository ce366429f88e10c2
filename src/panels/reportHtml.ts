import { createHash } from 'node:crypto';

const policyMeta = /<meta http-equiv="Content-Security-Policy"[^>]*>/gi;

/** The report follows the system's colours by itself; in the editor it follows the editor's. */
const inColours = (style: string, isDark: boolean): string =>
  style
    .replaceAll('@media (prefers-color-scheme: dark)', isDark ? '@media all' : '@media not all')
    .replaceAll('color-scheme: light dark', `color-scheme: ${isDark ? 'dark' : 'light'}`);

/**
 * A run's report for a page without scripts, in dark or light colours. One policy, before all else, allows just the
 * styles that stand in it, by their hashes; the report's own, which knows them only unchanged, is taken out.
 */
export const reportHtml = (report: string, isDark: boolean): string => {
  const hashes: string[] = [];
  const body = report.replace(policyMeta, '').replace(/<style>([\s\S]*?)<\/style>/g, (_, style: string) => {
    const coloured = inColours(style, isDark);
    hashes.push(`'sha256-${createHash('sha256').update(coloured).digest('base64')}'`);
    return `<style>${coloured}</style>`;
  });
  const policy = `default-src 'none'; img-src data:; style-src ${hashes.join(' ') || "'none'"}`;
  const meta = `<meta http-equiv="Content-Security-Policy" content="${policy}">`;
  return /<head>/i.test(body) ? body.replace(/<head>/i, (head) => head + meta) : meta + body;
};
