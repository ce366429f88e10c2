/** Every id that package.json contributes, once. A unit test compares the two. */
export const commands = {
  distillModel: 'retort.model.distill',
  showLayers: 'retort.model.layers',
  showMethod: 'retort.method.show',
  runRecipe: 'retort.recipe.run',
  refreshRuns: 'retort.runs.refresh',
  compareRuns: 'retort.runs.compare',
  stopRun: 'retort.run.stop',
  resumeRun: 'retort.run.resume',
  openCurves: 'retort.run.openCurves',
  openActivations: 'retort.run.openActivations',
  openReport: 'retort.run.openReport',
  openRecipe: 'retort.run.openRecipe',
  exportCsv: 'retort.run.exportCsv',
  exportStudent: 'retort.run.exportStudent',
  revealRun: 'retort.run.reveal',
  copyRunPath: 'retort.run.copyPath',
  deleteRun: 'retort.run.delete',
  showRunLog: 'retort.run.showLog',
  showLog: 'retort.log.show',
  checkSetup: 'retort.setup.check',
  installTensorflow: 'retort.setup.install',
  removeTensorflow: 'retort.setup.remove',
  restartEngine: 'retort.engine.restart',
} as const;
export type CommandId = (typeof commands)[keyof typeof commands];

export const views = { container: 'retort', runs: 'retort.runs' } as const;

export const panelTypes = {
  curves: 'retort.curves',
  activations: 'retort.activations',
  layers: 'retort.layers',
  report: 'retort.report',
} as const;

export const contextKeys = {
  hasRuns: 'retort.hasRuns',
} as const;

export const settingsSection = 'retort';
export const settingNames = {
  codeLens: 'codeLens.enabled',
  inlayHints: 'inlayHints',
  nodePath: 'engine.nodePath',
  python: 'python',
  backend: 'engine.backend',
  notifyWhenDone: 'runs.notifyWhenDone',
} as const;
