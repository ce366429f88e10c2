import { randomBytes } from 'node:crypto';

export interface PageFiles {
  title: string;
  /** As the page reaches them. */
  script: string;
  style: string;
  /** The webview's own source. */
  cspSource: string;
}

export const makeNonce = (): string => randomBytes(18).toString('base64url');

/** Everything is forbidden but the page's own script, styles, pictures and fonts. */
export const contentSecurityPolicy = (nonce: string, cspSource: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}' ${cspSource}`,
    `img-src ${cspSource} data: blob:`,
    `font-src ${cspSource}`,
  ].join('; ');

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string): string => text.replace(/[&<>"]/g, (char) => entities[char] ?? char);

/** The whole page: what it shows is made by its script, which finds `<main id="app">`. */
export const panelHtml = (files: PageFiles, nonce = makeNonce()): string => `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(nonce, files.cspSource)}">
<meta property="csp-nonce" nonce="${nonce}" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(files.title)}</title>
<link rel="stylesheet" nonce="${nonce}" href="${escape(files.style)}">
</head>
<body>
<main id="app"></main>
<script nonce="${nonce}" src="${escape(files.script)}"></script>
</body>
</html>
`;
