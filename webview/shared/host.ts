import { createBirpc } from 'birpc';

/** What VS Code gives a page; it can be had once only. */
export interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare const acquireVsCodeApi: () => VsCodeApi;

let acquired: VsCodeApi | null = null;

export const vsCodeApi = (): VsCodeApi => (acquired ??= acquireVsCodeApi());

/**
 * Opens the typed link to the extension host: `page` is what the host may call, the result is what the page may ask.
 * A call that the host does not answer in time rejects.
 */
export const connectHost = <Host extends object, Page extends object>(page: Page, patienceMs = 60_000) => {
  const api = vsCodeApi();
  return createBirpc<Host, Page>(page, {
    post: (message) => api.postMessage(message),
    on: (receive) => window.addEventListener('message', (event) => receive(event.data)),
    timeout: patienceMs,
  });
};
