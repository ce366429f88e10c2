import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentSecurityPolicy, makeNonce, panelHtml } from '../../../../src/panels/panelHtml';
import { reportHtml } from '../../../../src/panels/reportHtml';
import { connectPage, isPageMessage } from '../../../../src/panels/pageMessages';
import { checkedSample, checkedSheetRequest } from '../../../../src/panels/pageRequests';

describe('panelHtml', () => {
  const files = {
    title: 'A "b" <c>',
    script: 'https://x/curves.js',
    style: 'https://x/curves.css',
    cspSource: 'https://x',
  };

  it('forbids everything but its own, and uses one nonce throughout', () => {
    const html = panelHtml(files, 'N0nce');
    expect(html).toContain(`content="${contentSecurityPolicy('N0nce', 'https://x')}"`);
    expect(contentSecurityPolicy('n', 's')).toBe(
      "default-src 'none'; script-src 'nonce-n'; style-src 'nonce-n' s; img-src s data: blob:; font-src s",
    );
    expect(html).not.toContain('unsafe');
    expect([...html.matchAll(/<script/g)]).toHaveLength(1);
    expect(html).toContain('<script nonce="N0nce" src="https://x/curves.js">');
    expect(html).toMatch(/<meta property="csp-nonce"[^>]*content="N0nce"/);
    expect(html).toContain('<title>A &quot;b&quot; &lt;c&gt;</title>');
  });

  it('makes a new nonce of enough randomness each time', () => {
    const nonces = new Set(Array.from({ length: 50 }, makeNonce));
    expect(nonces.size).toBe(50);
    for (const nonce of nonces) expect(nonce).toMatch(/^[\w-]{22,}$/);
  });
});

describe('reportHtml', () => {
  const style = ':root { color-scheme: light dark; } @media (prefers-color-scheme: dark) { p {} }';
  const report = `<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="style-src 'sha256-x'"><style>${style}</style></head><body><script>x</script></body>`;
  const policyOf = (html: string): string[] =>
    [...html.matchAll(/Content-Security-Policy" content="([^"]+)"/g)].map(([, policy]) => policy ?? '');

  it('puts one policy first that allows just the styles of the report, as they stand', () => {
    const html = reportHtml(report, true);
    const shown = /<style>(.*)<\/style>/.exec(html)?.[1] ?? '';
    const hash = createHash('sha256').update(shown).digest('base64');
    expect(policyOf(html)).toEqual([`default-src 'none'; img-src data:; style-src 'sha256-${hash}'`]);
    expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style>'));
    expect(policyOf(reportHtml('<p>text', true))).toEqual([
      "default-src 'none'; img-src data:; style-src 'none'",
    ]);
  });

  it('takes the editor’s colours, whatever the system’s are', () => {
    expect(reportHtml(report, true)).toContain(':root { color-scheme: dark; } @media all { p {} }');
    expect(reportHtml(report, false)).toContain(':root { color-scheme: light; } @media not all { p {} }');
  });
});

describe('messages of a page', () => {
  const host = { open: () => 1 };
  it.each([
    [{ t: 'q', m: 'open', a: [], i: 'abc' }, true],
    [{ t: 's', i: 'abc', r: 1 }, true],
    [{ t: 'q', m: 'constructor', a: [] }, false],
    [{ t: 'q', m: 'toString', a: [] }, false],
    [{ t: 'q', m: 'open', a: 'no' }, false],
    [{ t: 'q', m: 'open', a: [1, 2, 3, 4, 5] }, false],
    [{ t: 'q', m: 'open', a: [], i: 'x'.repeat(100) }, false],
    [{ t: 'q', m: 'open', a: [], i: {} }, false],
    [{ t: 'x' }, false],
    [null, false],
    ['open', false],
  ])('%j', (message, isFine) => expect(isPageMessage(message, host)).toBe(isFine));

  it('answers calls, drops everything else, and is silent once closed', async () => {
    const posted: unknown[] = [];
    let receive: (message: unknown) => void = () => undefined;
    let isListening = true;
    const port = {
      postMessage: async (message: unknown) => posted.push(message) > 0,
      onDidReceiveMessage: (listener: (message: unknown) => void) => {
        receive = listener;
        return { dispose: () => (isListening = false) };
      },
    };
    const calls: unknown[][] = [];
    const link = connectPage<{ show(value: number): void }, { add(...args: unknown[]): number }>(
      port,
      { add: (...args) => calls.push(args) },
      ['show'],
    );
    await link.page.show.asEvent(5);
    receive({ t: 'q', m: 'add', a: [1, 2], i: '1' });
    receive({ t: 'q', m: 'hasOwnProperty', a: ['add'], i: '2' });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(calls).toEqual([[1, 2]]);
    expect(posted).toEqual([
      { t: 'q', m: 'show', a: [5] },
      { t: 's', i: '1', r: 1 },
    ]);
    link.dispose();
    expect(isListening).toBe(false);
  });
});

describe('requests of the activations page', () => {
  const fine = { network: 'student', tap: 'conv1', sample: 3, view: 'values' };

  it('takes the known fields only', () => {
    expect(checkedSheetRequest({ ...fine, run: '/etc' })).toEqual(fine);
    expect(checkedSample(0)).toBe(0);
  });

  it.each([
    [null],
    [{ ...fine, network: 'other' }],
    [{ ...fine, tap: 'x'.repeat(501) }],
    [{ ...fine, tap: 3 }],
    [{ ...fine, sample: -1 }],
    [{ ...fine, sample: 1.5 }],
    [{ ...fine, view: '../..' }],
  ])('refuses %j', (request) => {
    expect(() => checkedSheetRequest(request)).toThrow('does not exist');
  });

  it.each([[-1], [NaN], ['1'], [1e12]])('refuses sample %j', (sample) => {
    expect(() => checkedSample(sample)).toThrow('does not exist');
  });
});
