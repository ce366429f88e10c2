import type { BackendReport, FoundPython, InstalledTensorflow } from '../../engine/contract/backend';
import type { Hello } from '../../engine/contract/calls';
import type { Failure } from '../../engine/contract/failure';
import type { NodeRuntime } from './nodeRuntime';

export interface SetupFacts {
  extension: string;
  editor: string;
  platform: string;
  runtime: NodeRuntime | Failure;
  hello: Hello | Failure;
  backends: BackendReport | Failure;
}

const isFailure = (value: object): value is Failure => 'code' in value && 'next' in value;

const row = (name: string, value: string): string => `- **${name}**: ${value}`;

const said = ({ message, next }: Failure): string => `${message} ${next}`;

/** Without the home folder: the report is made to be pasted. */
const withoutHome = (path: string, home: string): string =>
  home && path.startsWith(home) ? `~${path.slice(home.length)}` : path;

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;

const installedRow = (one: InstalledTensorflow, home: string): string => {
  const libraries = one.libraries === '.' ? one.folder : one.libraries;
  const place = withoutHome(libraries, home);
  return row(
    `TensorFlow ${one.tensorflow}`,
    `in ${place}, ${one.binding} binding, ${megabytes(one.bytes)} of Retort’s`,
  );
};

const pythonRow = ({ python, origin, version, tensorflow, keras }: FoundPython, home: string): string => {
  const has = [
    tensorflow ? `TensorFlow ${tensorflow.version}` : 'no TensorFlow',
    keras ? `Keras ${keras}` : 'no Keras',
  ];
  return row(`Python ${version}`, `${withoutHome(python, home)} (${origin}): ${has.join(', ')}`);
};

/** What could compute better than what does, and how to have it; empty where nothing could. */
const advice = ({ choice, installed, pythons }: BackendReport): string[] => {
  if (choice.name === 'tensorflow')
    return choice.passedOver.map(
      ({ name }) => `*Retort: Set Up Native TensorFlow* adds what is missing: ${name}.`,
    );
  if (installed.length > 0)
    return [
      'TensorFlow is installed but not used, for the reason above. Run *Retort: Set Up Native TensorFlow*.',
    ];
  return pythons.some(({ tensorflow }) => tensorflow !== null)
    ? ['Your Python has TensorFlow. *Retort: Set Up Native TensorFlow* uses it in place.']
    : ['*Retort: Set Up Native TensorFlow* installs TensorFlow, several times as fast as WebAssembly.'];
};

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length > 0 ? ['', `## ${title}`, '', ...lines] : [];

const found = (backends: BackendReport | Failure, home: string): string[] => {
  if (isFailure(backends)) return section('What was found', [`- ${said(backends)}`]);
  const { installed, pythons, prebuilt } = backends;
  const lines = [
    ...installed.map((one) => installedRow(one, home)),
    ...pythons.map((one) => pythonRow(one, home)),
    row(
      'Prebuilt binding',
      prebuilt ? 'in this package, for machines without a compiler' : 'none in this package',
    ),
  ];
  return [...section('What was found', lines), ...section('What to do', advice(backends))];
};

/** What computes, why nothing better does, and what was found, as Markdown. */
export const setupReport = (facts: SetupFacts, home: string): string => {
  const { runtime, hello, backends } = facts;
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
    ...section('What is not used, and why', reasons),
    ...found(backends, home),
    ...(passedOver.length === 0 && !isFailure(hello) ? ['', 'Nothing faster is known here.'] : []),
    '',
  ].join('\n');
};
