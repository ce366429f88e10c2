import * as vscode from 'vscode';
import type { MethodInfo } from '../../engine/contract/model';
import type { Task } from '../../engine/contract/recipe';
import { commands } from '../contributions';
import type { Services } from '../services';
import type { Choices } from './choices';
import { pickMany } from './pickSteps';
import type { StepPosition, StepResult } from './walkSteps';

interface MethodItem extends vscode.QuickPickItem {
  method?: MethodInfo;
}

/** What is chosen at first for each task. */
const firstMethods: Record<Task, readonly string[]> = {
  classification: ['task', 'kd'],
  regression: ['task', 'fitnets'],
  segmentation: ['task', 'cwd'],
  detection: ['task', 'fitnets'],
  features: ['simreg'],
};

const pageButton: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('book'),
  tooltip: 'Open its page: formula, parameters, what was decided',
};

const itemOf = (method: MethodInfo): MethodItem => {
  const { needs, cost, fails } = method.guide;
  return {
    label: method.title,
    description: method.id,
    detail: `${method.summary} Needs: ${needs} Costs: ${cost} Tends to fail: ${fails}`,
    buttons: [pageButton],
    method,
  };
};

const group = (label: string, methods: readonly MethodInfo[]): MethodItem[] =>
  methods.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...methods.map(itemOf)];

/** The methods for what the data ask for; others would be refused. */
const itemsOf = (methods: readonly MethodInfo[], task: Task): MethodItem[] => {
  const [data, ...rest] = methods;
  const suited = rest.filter(({ tasks }) => tasks.includes(task));
  return [
    ...group('From the data', data ? [data] : []),
    ...group(
      'From a teacher',
      suited.filter(({ needsTeacher }) => needsTeacher),
    ),
    ...group(
      'Without a teacher',
      suited.filter(({ needsTeacher }) => !needsTeacher),
    ),
  ];
};

/** Opens a method's page, as it came with the extension; without an id it asks which. */
export const showMethod = async ({ engine, extensionUri }: Services, id?: string): Promise<void> => {
  const items = async () => (await engine.call('methods')).map(itemOf);
  const chosen =
    id ?? (await vscode.window.showQuickPick(items(), { placeHolder: 'Which method?' }))?.method?.id;
  if (chosen === undefined) return;
  const page = vscode.Uri.joinPath(extensionUri, 'docs', 'methods', `${chosen}.md`);
  await vscode.commands.executeCommand('markdown.showPreview', page);
};

export const askMethods = async (
  services: Services,
  choices: Choices,
  at: StepPosition,
): Promise<StepResult> => {
  const task = choices.data?.task ?? 'classification';
  const chosen = choices.methods?.map((method) => method.id) ?? firstMethods[task];
  const answer = await pickMany(
    { title: 'Distill a Model', ...at },
    {
      placeholder: 'How shall the student learn?',
      items: services.engine.call('methods').then((methods) => itemsOf(methods, task)),
      picked: ({ method }) => method !== undefined && chosen.includes(method.id),
      pressed: ({ method }) => {
        if (method) void vscode.commands.executeCommand(commands.showMethod, method.id);
      },
    },
  );
  if (!answer) return 'end';
  if (answer.back) return 'back';
  choices.methods = answer.value.flatMap(({ method }) => method ?? []);
  return 'next';
};

/** Whether a chosen method learns from a teacher; before any is chosen, yes. */
export const needsTeacher = ({ methods }: Choices): boolean =>
  methods?.some((method) => method.needsTeacher) ?? true;
