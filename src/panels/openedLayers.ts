import * as vscode from 'vscode';
import type { ModelInfo } from '../../engine/contract/model';
import type { LayersProposal, LayersSubject } from '../../engine/contract/pages';
import type { ProfileComparison, Proposal } from '../../engine/contract/profile';
import type { Services } from '../services';
import {
  type LayersSources,
  type LayersTarget,
  chosenSources,
  dataWords,
  recipeSources,
} from './layersTarget';
import { comparisonWithoutFolders, modelWithoutFolders, proposalWithoutFolders } from './withoutFolders';

export interface OpenedModels {
  teacher: ModelInfo | null;
  student: ModelInfo;
}

/** Work that is done once and kept; what failed is done again. */
class Kept<T> {
  private work: Promise<T> | null = null;

  get(make: () => Promise<T>, again = false): Promise<T> {
    if (this.work && !again) return this.work;
    const work = make();
    this.work = work;
    work.catch(() => {
      if (this.work === work) this.work = null;
    });
    return work;
  }

  forget(): void {
    this.work = null;
  }
}

/** What a target's networks are and cost; kept, so that a page that comes back finds it. */
export class OpenedLayers {
  private readonly sources = new Kept<LayersSources>();
  private readonly models = new Kept<OpenedModels>();
  private readonly comparison = new Kept<ProfileComparison>();
  private readonly proposal = new Kept<Proposal>();
  /** The models with their locations, once they are opened. */
  known: OpenedModels | null = null;

  constructor(
    private readonly services: Services,
    private target: LayersTarget,
  ) {}

  /** The same networks under another target: what was measured holds. */
  retarget(target: LayersTarget, isOtherData: boolean): void {
    this.target = target;
    this.sources.forget();
    if (isOtherData) this.proposal.forget();
  }

  async subject(): Promise<LayersSubject> {
    const sources = await this.readSources();
    const { teacher, student } = await this.openModels();
    return {
      key: sources.key,
      teacher: teacher && modelWithoutFolders(teacher),
      student: modelWithoutFolders(student),
      methods: await this.services.engine.call('methods'),
      recipe: sources.losses && { name: sources.name, losses: sources.losses },
      data: dataWords(sources),
    };
  }

  async compare(again: boolean): Promise<ProfileComparison> {
    const { teacher, student } = await this.readSources();
    const measured = this.comparison.get(() => this.services.engine.call('compare', teacher, student), again);
    return comparisonWithoutFolders(await measured);
  }

  async propose(again: boolean): Promise<LayersProposal | null> {
    const { engine } = this.services;
    const { teacher, student, probe } = await this.readSources();
    if (teacher === null) return null;
    const proposal = await this.proposal.get(() => engine.call('proposal', teacher, student, probe), again);
    const pairs = proposal.pairs.map(({ teacher, student, adapter }) => ({ teacher, student, adapter }));
    return {
      proposal: proposalWithoutFolders(proposal),
      taken: await engine.call('takenPairs', pairs),
    };
  }

  private readSources(): Promise<LayersSources> {
    const { target } = this;
    return this.sources.get(async () => {
      if (!('recipe' in target)) return chosenSources(target);
      const { fsPath } = await savedRecipe(target.recipe);
      return recipeSources(fsPath, await this.services.engine.call('readRecipe', fsPath));
    });
  }

  private openModels(): Promise<OpenedModels> {
    const { engine } = this.services;
    return this.models.get(async () => {
      const { teacher, student } = await this.readSources();
      this.known = {
        student: await engine.call('inspect', student),
        teacher: teacher === null ? null : await engine.call('inspect', teacher),
      };
      return this.known;
    });
  }
}

/** The engine reads files: what is typed and not saved is saved first. */
const savedRecipe = async (recipe: string): Promise<vscode.Uri> => {
  const uri = vscode.Uri.parse(recipe);
  const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri.toString());
  if (document?.isDirty) await document.save();
  return uri;
};
