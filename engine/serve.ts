import { createBirpc } from 'birpc';
import { measureProposal } from './adapters/proposal';
import { proposeFor } from './adapters/propose';
import { useBackend } from './backend/choose';
import { protocolVersion, type Answer, type EngineCalls } from './contract/calls';
import { dataSchema } from './contract/data';
import { version } from './contract/version';
import { exportFromRun } from './export/student';
import { findMethod, methodInfos } from './methods/registry';
import { takenPairs } from './methods/takenPairs';
import { inspectModel } from './models/inspect';
import { modelExports } from './models/open';
import { compareModels } from './profile/compare';
import { readSample, runModels } from './probe/models';
import { readSheet } from './probe/sheet';
import { readRecipe } from './recipe';
import { asFailure } from './run/explain';
import { runsOf } from './run/folder';
import { createRun } from './run/start';

const attempt = async <T>(work: () => T | Promise<T>): Promise<Answer<T>> => {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code === 'internal') console.error(error);
    return { ok: false, failure: failure.toJSON() };
  }
};

/** Models are opened only once the backend stands. */
const computing = <T>(work: () => T | Promise<T>): Promise<Answer<T>> =>
  attempt(async () => {
    await useBackend('auto');
    return work();
  });

const calls: EngineCalls = {
  hello: () =>
    attempt(async () => ({
      protocol: protocolVersion,
      version,
      node: process.versions.node,
      backend: await useBackend('auto'),
    })),
  inspect: (reference) => computing(() => inspectModel(reference)),
  modelExports: (file) => attempt(() => modelExports(file)),
  methods: () => attempt(() => methodInfos()),
  propose: (teacher, student, method) =>
    computing(async () =>
      proposeFor(findMethod(method), await inspectModel(teacher), await inspectModel(student)),
    ),
  compare: (teacher, student) =>
    attempt(async () => compareModels(teacher, student, await useBackend('auto'))),
  proposal: (teacher, student, probe) =>
    computing(() =>
      measureProposal(teacher, student, probe && { ...probe, data: dataSchema.parse(probe.data) }),
    ),
  takenPairs: (pairs) => attempt(() => takenPairs(pairs)),
  readRecipe: (file) => attempt(() => readRecipe(file)),
  createRun: (file, project) =>
    attempt(() => createRun(file, project === undefined ? undefined : runsOf(project))),
  runModels: (run) => computing(() => runModels(run)),
  sheet: (request) => computing(() => readSheet(request)),
  sample: (run, index) => computing(() => readSample(run, index)),
  exportStudent: (run, folder) => computing(() => exportFromRun(run, folder)),
};

/** Answers calls over the fork's IPC until the parent goes away. */
export const serve = (): void => {
  if (!process.send) {
    console.error('`retort serve` is started by the extension, over IPC.');
    process.exitCode = 1;
    return;
  }
  createBirpc<Record<string, never>, EngineCalls>(calls, {
    post: (message) => process.send?.(message),
    on: (receive) => process.on('message', receive),
  });
  process.once('disconnect', () => process.exit(0));
};
