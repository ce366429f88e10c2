import * as vscode from 'vscode';
import { panelHtml } from './panelHtml';

/** The retort, for the tab of a page. */
export const tabIcon = (extensionUri: vscode.Uri): { light: vscode.Uri; dark: vscode.Uri } => ({
  light: vscode.Uri.joinPath(extensionUri, 'media', 'tab-light.svg'),
  dark: vscode.Uri.joinPath(extensionUri, 'media', 'tab-dark.svg'),
});

/** Fills a panel with one of the built pages. It may load what the build made for pages, and nothing else. */
export const loadPage = (
  panel: vscode.WebviewPanel,
  extensionUri: vscode.Uri,
  page: 'curves' | 'activations' | 'layers',
): void => {
  const built = vscode.Uri.joinPath(extensionUri, 'dist', 'webview');
  const { webview } = panel;
  webview.options = { enableScripts: true, localResourceRoots: [built] };
  panel.iconPath = tabIcon(extensionUri);
  const file = (name: string): string => webview.asWebviewUri(vscode.Uri.joinPath(built, name)).toString();
  webview.html = panelHtml({
    title: panel.title,
    script: file(`${page}.js`),
    style: file(`${page}.css`),
    cspSource: webview.cspSource,
  });
};
