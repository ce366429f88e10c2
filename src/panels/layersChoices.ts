import * as vscode from 'vscode';
import { askData, askStudent, askTeacher, type Choices } from '../recipes/choices';
import type { DataSource } from '../recipes/dataChoice';
import { findData } from '../recipes/dataFinder';
import type { ModelChoice } from '../recipes/recipeDraft';
import type { StepPosition } from '../recipes/walkSteps';
import type { Services } from '../services';
import type { ChosenNetworks } from './layersTarget';

/** Not a step among others. */
const alone: StepPosition = { step: 0, total: 0 };

/** Code has no weights: such a teacher is trained first. */
const asTeacher = (model: ModelChoice) => ({ ...model, isTrainedFirst: model.exportName !== null });

const plain = ({ file, exportName, label }: ModelChoice): ModelChoice => ({ file, exportName, label });

const choicesOf = ({ student, teacher }: ChosenNetworks, given: Choices['given']): Choices => ({
  given,
  student,
  ...(teacher ? { teacher: asTeacher(teacher) } : {}),
});

/** The only data set of the workspace; null where there is none, or more than one. */
export const onlyData = async (): Promise<DataSource | null> => {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const found = (await Promise.all(folders.map(({ uri }) => findData(uri.fsPath)))).flat();
  return found.length === 1 ? (found[0]?.source ?? null) : null;
};

const chosenFrom = async ({ student, teacher }: Choices, data: DataSource | null) =>
  student
    ? { student: plain(student), teacher: teacher ? plain(teacher) : null, data: data ?? (await onlyData()) }
    : null;

/** Asks for another teacher or student; null where the user gave up. */
export const otherModel = async (
  services: Services,
  chosen: ChosenNetworks,
  network: 'teacher' | 'student',
): Promise<ChosenNetworks | null> => {
  const choices = choicesOf(chosen, network === 'teacher' ? 'student' : 'teacher');
  const ask = network === 'teacher' ? askTeacher(services, choices, alone) : askStudent(choices, alone);
  return (await ask) === 'next' ? chosenFrom(choices, chosen.data) : null;
};

/** Teacher and student change sides; a network that stands alone becomes the teacher of one that is asked for. */
export const swappedNetworks = async (chosen: ChosenNetworks): Promise<ChosenNetworks | null> => {
  const { student, teacher, data } = chosen;
  if (teacher) return { student: teacher, teacher: student, data };
  const choices: Choices = { given: 'teacher', teacher: asTeacher(student) };
  return (await askStudent(choices, alone)) === 'next' ? chosenFrom(choices, data) : null;
};

export const otherData = async (chosen: ChosenNetworks): Promise<ChosenNetworks | null> => {
  const choices = choicesOf(chosen, null);
  const isChosen = (await askData(choices, alone)) === 'next';
  return isChosen && choices.data ? { ...chosen, data: choices.data.source } : null;
};
