import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { MethodInfo } from '../../engine/contract/model';
import type { Pair } from '../../engine/contract/recipe';
import { commands } from '../contributions';
import { toFailure } from '../failureMessage';
import type { LensTarget } from '../models/modelLens';
import { isPythonFile } from '../models/pythonSyntax';
import type { Services } from '../services';
import { settings } from '../settings';
import { requireTrust } from '../trust';
import { askData, askName, askStudent, askTeacher, type Choices } from './choices';
import { ensureExported } from './ensureExported';
import { exportKerasModel } from './exportKerasModel';
import { askMethods, needsTeacher } from './methodChoices';
import { fileLabel } from './modelChoices';
import { referenceOf, type Draft, type ModelChoice } from './recipeDraft';
import { walkSteps, type Step } from './walkSteps';
import { writeRecipe } from './writeRecipe';

/** The model that the lens stands over; undefined if it cannot be named and the user does not want to change that. */
export const targetModel = async (
  services: Services,
  { uri, definition }: LensTarget,
): Promise<ModelChoice | undefined> => {
  const file = vscode.Uri.parse(uri).fsPath;
  if (!definition) return { file, exportName: null, label: fileLabel(file) };
  if (isPythonFile(file)) return exportKerasModel(services, file, definition);
  const exportName = await ensureExported(vscode.Uri.parse(uri), definition);
  if (exportName === null) return undefined;
  const label = definition.name === 'default' ? basename(file).replace(/\.[^.]+$/, '') : definition.name;
  return { file, exportName, label };
};

/** A model file is trained already, so it teaches; code learns, unless the user turns that round in the next step. */
const roleOf = ({ exportName, code }: ModelChoice): 'student' | 'teacher' =>
  exportName === null && code === undefined ? 'teacher' : 'student';

const steps = (services: Services, choices: Choices, given: ModelChoice | undefined): Step[] => {
  if (given && choices.given === 'teacher') choices.teacher = { ...given, isTrainedFirst: false };
  else if (given) choices.student = given;
  return [
    { ask: (at) => askStudent(choices, at), isNeeded: () => !given || choices.given === 'teacher' },
    { ask: (at) => askData(choices, at) },
    { ask: (at) => askMethods(services, choices, at) },
    {
      ask: (at) => askTeacher(services, choices, at),
      isNeeded: () => choices.given !== 'teacher' && needsTeacher(choices),
    },
    { ask: (at) => askName(choices, at) },
  ];
};

const proposePairs = async (
  services: Services,
  draft: Pick<Draft, 'student' | 'teacher'>,
  methods: readonly MethodInfo[],
): Promise<Draft['losses']> => {
  const { teacher } = draft;
  const losses: Draft['losses'] = [];
  const failures: string[] = [];
  for (const method of methods) {
    let pairs: Pair[] | null = null;
    if (teacher && method.pairs === 'features')
      pairs = await services.engine
        .call('propose', referenceOf(teacher), referenceOf(draft.student), method.id)
        .catch((error) => {
          failures.push(toFailure(error).message);
          return null;
        });
    losses.push({ method, pairs });
  }
  if (failures[0] !== undefined) {
    services.log.warn(`No pairs were proposed: ${failures.join(' ')}`);
    void vscode.window.showWarningMessage(
      `No layer pairs could be proposed: ${failures[0]} They are proposed again when the recipe runs.`,
    );
  }
  return losses;
};

const draftOf = async (services: Services, choices: Choices): Promise<Draft | null> => {
  const { student, data, methods, name } = choices;
  if (!student || !data || !methods || name === undefined) return null;
  const teacher = needsTeacher(choices) ? (choices.teacher ?? null) : null;
  const losses = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: 'Retort: comparing teacher and student' },
    () => proposePairs(services, { student, teacher }, methods),
  );
  return { name, task: data.task, student, teacher, data: data.source, losses, backend: settings.backend() };
};

/** The guided pick: models, data, methods and a name; writes a recipe, opens it, and offers to run it. */
export const distillModel = async (services: Services, target?: LensTarget): Promise<void> => {
  if (!(await requireTrust())) return;
  const given = target && (await targetModel(services, target));
  if (target && !given) return;
  const choices: Choices = { given: given ? roleOf(given) : null };
  if (!(await walkSteps(steps(services, choices, given)))) return;
  const draft = await draftOf(services, choices);
  if (!draft) return;
  const recipe = await writeRecipe(draft);
  await vscode.window.showTextDocument(recipe, { preview: false });
  const run = 'Run';
  const chosen = await vscode.window.showInformationMessage(
    `The recipe ${basename(recipe.path)} is ready. Check it, then run it.`,
    run,
  );
  if (chosen === run) await vscode.commands.executeCommand(commands.runRecipe, recipe);
};
