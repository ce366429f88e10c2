import { createBirpc, type BirpcReturn } from 'birpc';

/** What a link to a page needs; a webview has it. */
export interface PagePort {
  postMessage(message: unknown): PromiseLike<boolean>;
  onDidReceiveMessage(receive: (message: unknown) => void): { dispose(): void };
}

const longestName = 64;
const mostArguments = 4;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isId = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value.length <= longestName);

/** A page is untrusted: only calls of the host's own functions, and answers, get through. */
export const isPageMessage = (message: unknown, host: object): boolean => {
  if (!isRecord(message) || !isId(message['i'])) return false;
  if (message['t'] === 's') return true;
  const { m: method, a: args } = message;
  return (
    message['t'] === 'q' &&
    typeof method === 'string' &&
    Object.hasOwn(host, method) &&
    Array.isArray(args) &&
    args.length <= mostArguments
  );
};

/** Links a page with what the host answers. A call that the page never answers is given up after a minute. */
export const connectPage = <Page extends object, Host extends object>(
  port: PagePort,
  host: Host,
  events: (keyof Page)[],
): { page: BirpcReturn<Page, Host>; dispose(): void } => {
  let listener: { dispose(): void } | undefined;
  const page = createBirpc<Page, Host>(host, {
    post: (message) => void port.postMessage(message),
    on: (receive) => {
      listener = port.onDidReceiveMessage((message) => {
        if (isPageMessage(message, host)) receive(message);
      });
    },
    eventNames: events,
    bind: 'functions',
    onGeneralError: () => true,
  });
  return {
    page,
    dispose: () => {
      listener?.dispose();
      page.$close();
    },
  };
};
