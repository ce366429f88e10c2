import * as vscode from 'vscode';
import type { MethodInfo } from '../../engine/contract/model';
import { findModels } from '../models/modelFinder';
import { languageOf } from '../models/syntax';
import type { Services } from '../services';
import type { DataChoice } from './dataChoice';
import { dataAt, findData, placeOf } from './dataFinder';
import { taskOf, type TableColumn } from './tableColumns';
import { withTarget } from './taskData';
import { codeModels, fileLabel, fileModels, trainedTeachers } from './modelChoices';
import { askText, pickOne } from './pickSteps';
import { defaultName, nameProblem, type ModelChoice } from './recipeDraft';
import type { StepPosition, StepResult } from './walkSteps';

/** What was chosen so far. */
export interface Choices {
  /** The part that the model of the lens plays. */
  given: 'student' | 'teacher' | null;
  student?: ModelChoice;
  teacher?: ModelChoice & { isTrainedFirst: boolean };
  data?: DataChoice;
  methods?: readonly MethodInfo[];
  name?: string;
}

interface Item extends vscode.QuickPickItem {
  act: () => StepResult | 'again' | Promise<StepResult | 'again'>;
}

const title = 'Distill a Model';
const separator = (label: string): Item => ({
  label,
  kind: vscode.QuickPickItemKind.Separator,
  act: () => 'again',
});
const group = (label: string, items: Item[]): Item[] =>
  items.length > 0 ? [separator(label), ...items] : [];

const isSame = (a: ModelChoice | undefined, b: ModelChoice): boolean =>
  a?.file === b.file && a.exportName === b.exportName;

const where = ({ file, exportName }: ModelChoice): string => {
  const path = vscode.workspace.asRelativePath(file);
  return exportName === null ? path : `${path}#${exportName}`;
};

const askItem = async (
  at: StepPosition,
  placeholder: string,
  items: () => Promise<Item[]>,
): Promise<StepResult> => {
  for (;;) {
    const answer = await pickOne({ title, ...at }, { placeholder, items: items() });
    if (!answer) return 'end';
    if (answer.back) return 'back';
    const result = await answer.value.act();
    if (result !== 'again') return result;
  }
};

const browse = async (options: vscode.OpenDialogOptions): Promise<string | undefined> => {
  const chosen = await vscode.window.showOpenDialog({ ...options, openLabel: 'Choose' });
  return chosen?.[0]?.fsPath;
};

/** A model that the user names: a file, or code with the one export that is wanted. */
const browseModel = async (): Promise<ModelChoice | undefined> => {
  const file = await browse({
    filters: {
      Models: ['json', 'ts', 'js', 'mts', 'mjs', 'cts', 'cjs', 'tsx', 'jsx', 'h5', 'hdf5', 'keras', 'onnx'],
    },
  });
  if (file === undefined) return undefined;
  const language = languageOf(file);
  if (!language) return { file, exportName: null, label: fileLabel(file) };
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.file(file)));
  const names = findModels(text, language).flatMap(({ exportName }) => exportName ?? []);
  if (names.length === 0) {
    void vscode.window.showWarningMessage(
      `${where({ file, exportName: null, label: '' })} exports no model.`,
    );
    return undefined;
  }
  const exportName =
    names.length === 1 ? names[0] : await vscode.window.showQuickPick(names, { placeHolder: 'Which model?' });
  return exportName === undefined ? undefined : { file, exportName, label: exportName };
};

const asTeacher = (choices: Choices, model: ModelChoice): Item => {
  const isTrainedFirst = model.exportName !== null;
  return {
    label: `$(${isTrainedFirst ? 'code' : 'file'}) ${model.label}`,
    description: where(model),
    ...(isTrainedFirst ? { detail: 'Code without weights: train this one first, then distil it' } : {}),
    act: () => {
      choices.teacher = { ...model, isTrainedFirst };
      return 'next';
    },
  };
};

/** The model of the lens changes sides. */
const swap = (choices: Choices, act: () => Promise<StepResult>): Item[] => {
  const { student, given } = choices;
  return given === 'student' && student
    ? [
        {
          label: `$(arrow-swap) Use ${student.label} as the teacher`,
          description: 'and choose a student for it',
          act: () => {
            choices.given = 'teacher';
            choices.teacher = { ...student, isTrainedFirst: true };
            delete choices.student;
            return act();
          },
        },
      ]
    : [];
};

export const askTeacher = (services: Services, choices: Choices, at: StepPosition): Promise<StepResult> =>
  askItem(at, `Which network shall teach “${choices.student?.label ?? 'the student'}”?`, async () => {
    await services.store.load();
    const [files, code, trained] = await Promise.all([
      fileModels(),
      codeModels(),
      trainedTeachers(services.store.list()),
    ]);
    const items = (models: ModelChoice[]): Item[] =>
      models.filter((model) => !isSame(choices.student, model)).map((model) => asTeacher(choices, model));
    return [
      ...group('Trained models', items(files)),
      ...group('Teachers of earlier runs', items(trained)),
      ...group('Model code', items(code)),
      ...group('Other', [
        {
          label: '$(folder-opened) Browse…',
          act: async () => {
            const model = await browseModel();
            return model ? asTeacher(choices, model).act() : 'again';
          },
        },
        ...swap(choices, () => askStudent(choices, at)),
      ]),
    ];
  });

export const askStudent = (choices: Choices, at: StepPosition): Promise<StepResult> => {
  const choose = (model: ModelChoice): StepResult => {
    choices.student = model;
    return 'next';
  };
  return askItem(at, 'Which network shall learn?', async () => {
    const active = vscode.window.activeTextEditor?.document.fileName;
    const models = (await codeModels()).filter((model) => !isSame(choices.teacher, model));
    const first = models.filter((model) => model.file === active);
    const items = [...first, ...models.filter((model) => model.file !== active)].map((model): Item => ({
      label: `$(code) ${model.label}`,
      description: where(model),
      act: () => choose(model),
    }));
    return [
      ...group('Model code', items),
      ...group('Other', [
        {
          label: '$(folder-opened) Browse…',
          act: async () => {
            const model = await browseModel();
            return model ? choose(model) : 'again';
          },
        },
      ]),
    ];
  });
};

/** Takes the data; of a table, asks what shall be predicted first. */
const chooseData = async (choices: Choices, data: DataChoice): Promise<StepResult | 'again'> => {
  const chosen = data.columns ? await askTarget(data, data.columns) : data;
  if (!chosen) return 'again';
  choices.data = chosen;
  return 'next';
};

const askTarget = async (
  data: DataChoice,
  columns: readonly TableColumn[],
): Promise<DataChoice | undefined> => {
  const items = columns
    .filter(({ kind }) => kind !== 'pictures')
    .map((column) => ({
      label: column.name,
      description: column.kind === 'numbers' ? 'numbers' : 'words',
      detail: taskOf(column) === 'regression' ? 'predicted as a number' : `${column.values} classes`,
      column,
    }));
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'Which column shall be predicted?',
    ignoreFocusOut: true,
  });
  return picked && withTarget(data, columns, picked.column);
};

const browseData = async (choices: Choices, isFolder: boolean): Promise<StepResult | 'again'> => {
  const path = await browse(
    isFolder
      ? { canSelectFolders: true, canSelectFiles: false }
      : { filters: { Data: ['npy', 'npz', 'gz', 'idx', '*'] } },
  );
  if (path === undefined) return 'again';
  const [found] = await dataAt(path);
  if (!found) {
    void vscode.window.showWarningMessage(
      `No data set was found at ${path}. A data set is a folder with one folder of pictures per class, a folder of pictures beside one of masks or of VOC annotations, COCO annotations, a table, IDX files, or .npy and .npz arrays of images with their labels beside them.`,
    );
    return 'again';
  }
  return chooseData(choices, found);
};

export const askData = (choices: Choices, at: StepPosition): Promise<StepResult> =>
  askItem(at, 'Which data shall they be trained on?', async () => {
    const folders = vscode.workspace.workspaceFolders ?? [];
    const found = await Promise.all(
      folders.map(async ({ uri }) =>
        (await findData(uri.fsPath)).map((choice) => ({ choice, root: uri.fsPath })),
      ),
    );
    const items = found.flat().map(({ choice, root }): Item => ({
      label: `$(database) ${choice.label}`,
      description: placeOf(choice, root),
      detail: choice.detail,
      act: () => chooseData(choices, choice),
    }));
    return [
      ...group('Data in this workspace', items),
      ...group('Other', [
        { label: '$(folder-opened) Browse for a folder…', act: () => browseData(choices, true) },
        { label: '$(file) Browse for a file…', act: () => browseData(choices, false) },
      ]),
    ];
  });

export const askName = async (choices: Choices, at: StepPosition): Promise<StepResult> => {
  const value = choices.name ?? (choices.student ? defaultName(choices.student) : 'student');
  const answer = await askText({ title, ...at }, 'What is the recipe called?', value, nameProblem);
  if (!answer) return 'end';
  if (answer.back) return 'back';
  choices.name = answer.value;
  return 'next';
};
