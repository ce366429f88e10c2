import * as vscode from 'vscode';
import { panelTypes } from '../contributions';
import { isLensTarget, modelsOf, type LensTarget } from '../models/modelLens';
import { askStudent, type Choices } from '../recipes/choices';
import { targetModel } from '../recipes/distillModel';
import { recipeSuffix, referenceOf, type ModelChoice } from '../recipes/recipeDraft';
import type { Services } from '../services';
import { requireTrust } from '../trust';
import { onlyData } from './layersChoices';
import type { ChosenNetworks, LayersTarget } from './layersTarget';

const partnersKey = `${panelTypes.layers}.partners`;
const mostPartners = 50;

type Partner = Pick<ChosenNetworks, 'teacher' | 'data'>;

/** What a model was compared with is what it is compared with next time. */
export const rememberPartner = ({ memory }: Services, target: LayersTarget): void => {
  if ('recipe' in target || !target.teacher) return;
  const { student, teacher, data } = target;
  const others = Object.entries(memory.get<Record<string, Partner>>(partnersKey, {})).filter(
    ([reference]) => reference !== referenceOf(student),
  );
  const partners = [...others.slice(1 - mostPartners), [referenceOf(student), { teacher, data }]];
  void memory.update(partnersKey, Object.fromEntries(partners));
};

const withPartner = async ({ memory }: Services, student: ModelChoice): Promise<ChosenNetworks> => {
  const partner = memory.get<Record<string, Partner>>(partnersKey, {})[referenceOf(student)];
  const data = partner?.data ?? (partner?.teacher ? await onlyData() : null);
  return { student, teacher: partner?.teacher ?? null, data };
};

const isRecipe = (uri: vscode.Uri): boolean => uri.path.endsWith(recipeSuffix);

/** The model that is meant where the editor shows exactly one. */
const shownModel = (): LensTarget | undefined => {
  const document = vscode.window.activeTextEditor?.document;
  const models = document ? modelsOf(document) : [];
  return models.length === 1 ? models[0] : undefined;
};

const askModel = async (): Promise<ModelChoice | undefined> => {
  const choices: Choices = { given: null };
  await askStudent(choices, { step: 0, total: 0 });
  return choices.student;
};

/**
 * Finds what the Layers page shall show: a recipe's networks, the model under a lens or in the editor, else one that the
 * user chooses; undefined where the user gave up.
 */
export const layersTarget = async (
  services: Services,
  argument: unknown,
): Promise<LayersTarget | undefined> => {
  if (!(await requireTrust())) return undefined;
  const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
  const lens = isLensTarget(argument) ? argument : undefined;
  if (!lens && uri && isRecipe(uri)) return { recipe: uri.toString() };
  const meant = lens ?? shownModel();
  const student = meant ? await targetModel(services, meant) : await askModel();
  return student && withPartner(services, student);
};
