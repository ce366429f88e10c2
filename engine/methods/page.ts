import type { MethodInfo } from '../contract/model';

/** What of JSON Schema the parameters of methods use. */
interface ParameterSchema {
  description?: string;
  default?: unknown;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: ParameterSchema[];
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
}

const shared = new Set(['method', 'weight', 'pairs']);
const largest = Number.MAX_SAFE_INTEGER;

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

const boundsOf = ({ minimum, exclusiveMinimum, maximum, exclusiveMaximum }: ParameterSchema): string => {
  const parts = [
    minimum !== undefined && minimum > -largest ? `at least ${minimum}` : '',
    exclusiveMinimum !== undefined ? `more than ${exclusiveMinimum}` : '',
    maximum !== undefined && maximum < largest ? `at most ${maximum}` : '',
    exclusiveMaximum !== undefined ? `less than ${exclusiveMaximum}` : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
};

const valuesOf = (schema: ParameterSchema): string => {
  if (schema.enum) return schema.enum.map(code).join(', ');
  if (schema.const !== undefined) return code(schema.const);
  if (schema.anyOf) return schema.anyOf.map(valuesOf).join(', ');
  const kind = schema.type === 'integer' ? 'whole number' : schema.type === 'string' ? 'text' : schema.type;
  return [kind, boundsOf(schema)].filter(Boolean).join(', ');
};

const parametersOf = ({ parameters }: MethodInfo): [string, ParameterSchema][] => {
  const { properties = {} } = parameters as { properties?: Record<string, ParameterSchema> };
  return Object.entries(properties).filter(([name]) => !shared.has(name));
};

const parameterTable = (info: MethodInfo): string[] => {
  const rows = parametersOf(info);
  if (rows.length === 0) return ['It has no parameters of its own.'];
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  return [
    '| Parameter | Default | Values | What it does |',
    '|---|---|---|---|',
    ...rows.map(([name, schema]) => {
      const standard = schema.default === undefined ? '' : code(schema.default);
      return `| \`${name}\` | ${standard} | ${cell(valuesOf(schema))} | ${cell(schema.description ?? '')} |`;
    }),
  ];
};

const example = (info: MethodInfo): string => {
  const defaults = parametersOf(info).flatMap(([name, schema]) =>
    schema.default === undefined ? [] : [[name, schema.default] as const],
  );
  const entry = { method: info.id, weight: info.defaultWeight, ...Object.fromEntries(defaults) };
  return JSON.stringify(entry, null, 2);
};

const decisions = ({ guide }: MethodInfo): string[] =>
  guide.decisions.length === 0
    ? []
    : ['## What was decided', '', ...guide.decisions.map((decision) => `- ${decision}`), ''];

/** The page of one method in Markdown, made of nothing but what the method says of itself. */
export const methodPage = (info: MethodInfo): string => {
  const { guide } = info;
  return [
    `# ${info.title}`,
    '',
    info.summary,
    '',
    '| | |',
    '|---|---|',
    `| Id in a recipe | \`${info.id}\` |`,
    `| Tasks | ${info.tasks.join(', ')} |`,
    `| Teacher | ${info.needsTeacher ? 'needed' : 'not needed'} |`,
    `| Needs | ${guide.needs} |`,
    `| Costs | ${guide.cost} |`,
    `| Where it tends to fail | ${guide.fails} |`,
    '',
    '## The loss',
    '',
    '```text',
    guide.formula,
    '```',
    '',
    `[${info.source.replace(/\.$/, '')}](${info.url})`,
    '',
    '## In a recipe',
    '',
    '```json',
    example(info),
    '```',
    '',
    'All of it but `method` may be left out. ' +
      (info.pairs === 'features'
        ? '`pairs` names the layers that are matched; without it they are proposed.'
        : 'It finds the layers it reads itself.'),
    '',
    ...parameterTable(info),
    '',
    ...decisions(info),
  ].join('\n');
};

/** The list of all pages. */
export const methodIndex = (infos: readonly MethodInfo[]): string =>
  [
    '# Methods',
    '',
    'Generated from the methods themselves: `npm run docs`.',
    '',
    '| Method | Id | Teacher | Tasks | In one sentence |',
    '|---|---|---|---|---|',
    ...infos.map(
      ({ id, title, needsTeacher, tasks, summary }) =>
        `| [${title}](${id}.md) | \`${id}\` | ${needsTeacher ? 'yes' : 'no'} | ${tasks.join(', ')} | ${summary} |`,
    ),
    '',
  ].join('\n');

/** Every file of the folder of pages, by name. */
export const methodPages = (infos: readonly MethodInfo[]): Map<string, string> =>
  new Map([
    ['README.md', methodIndex(infos)],
    ...infos.map((info): [string, string] => [`${info.id}.md`, methodPage(info)]),
  ]);
