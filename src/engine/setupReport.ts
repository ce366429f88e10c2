import type { Hello } from '../../engine/contract/calls';
import type { Failure } from '../../engine/contract/failure';
import type { NodeRuntime } from './nodeRuntime';

export interface SetupFacts {
  extension: string;
  editor: string;
  platform: string;
  runtime: NodeRuntime | Failure;
  hello: Hello | Failure;
}

const isFailure = (value: object): value is Failure => 'code' in value && 'next' in value;

const row = (name: string, value: string): string => `- **${name}**: ${value}`;

const said = ({ message, next }: Failure): string => `${message} ${next}`;

/** Without the home folder: the report is made to be pasted. */
const withoutHome = (path: string, home: string): string =>
  home && path.startsWith(home) ? `~${path.slice(home.length)}` : path;

/** What computes, and why nothing better does, as Markdown. */
export const setupReport = (facts: SetupFacts, home: string): string => {
  const { runtime, hello } = facts;
  const rows = [
    row('Retort', facts.extension),
    row('Editor', facts.editor),
    row('System', facts.platform),
    isFailure(runtime)
      ? row('Node', said(runtime))
      : row('Node', `${runtime.version}, from ${runtime.origin} (${withoutHome(runtime.path, home)})`),
    isFailure(hello)
      ? row('Engine', said(hello))
      : row('Engine', `${hello.version} on Node ${hello.node}, protocol ${hello.protocol}`),
    ...(isFailure(hello) ? [] : [row('Backend', hello.backend.description)]),
  ];
  const passedOver = isFailure(hello) ? [] : hello.backend.passedOver;
  const reasons = passedOver.map(({ name, reason }) => `- **${name}**: ${reason}`);
  return [
    '# Retort setup',
    '',
    ...rows,
    ...(reasons.length > 0 ? ['', '## Backends that are not used, and why', '', ...reasons] : []),
    ...(passedOver.length === 0 && !isFailure(hello) ? ['', 'This is the best backend there is.'] : []),
    '',
  ].join('\n');
};
