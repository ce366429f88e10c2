import { basename, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { parseMetrics } from '../contract/metrics';
import { runFiles, type ModelFigures, type RunReport } from '../contract/run';
import type { Split } from '../data/dataset';
import { exportStudent } from '../export/student';
import { measureFigures } from '../export/figures';
import { writeReport } from '../export/report';
import type { Network } from '../models/network';
import { evaluate } from '../training/evaluate';
import { readFile } from 'node:fs/promises';
import { appendMetric } from './folder';
import type { PreparedRun } from './prepare';
import type { Recorder } from './recorder';

const figuresOf = async (
  run: string,
  prepared: PreparedRun,
  stage: string,
  network: Network,
  split: Split,
): Promise<ModelFigures> => {
  const metrics = await evaluate(network, split, prepared.measures, prepared.dataset);
  const isTest = split === prepared.dataset.test;
  const trained = prepared.stages.find((one) => one.name === stage);
  if (isTest && trained) {
    const values = Object.fromEntries(
      Object.entries(metrics).map(([name, value]) => [`test_${name}`, value]),
    );
    const step = trained.training.epochs * trained.stepsPerEpoch;
    await appendMetric(run, { stage, step, epoch: trained.training.epochs, split: 'test', values });
  }
  return measureFigures(network.info.name, network, metrics);
};

const lastOf = async (run: string): Promise<Record<string, number>> => {
  const points = parseMetrics(await readFile(join(run, runFiles.metrics), 'utf8'));
  return Object.assign(
    {},
    ...points.filter((point) => point.stage === 'student').map((point) => point.values),
  ) as Record<string, number>;
};

const pairsOf = ({ stages }: PreparedRun): NonNullable<RunReport['pairs']> =>
  (stages.find((stage) => stage.name === 'student')?.terms ?? []).flatMap(({ label, prepared }) =>
    (prepared.adapters ?? []).map(({ pair, adapter }) => ({
      method: label,
      teacher: pair.teacher,
      student: pair.student,
      adapter: adapter.kind,
    })),
  );

const gainOver = (
  control: ModelFigures,
  student: ModelFigures,
  { metric, rising }: PreparedRun['measures'],
): number => (rising ? 1 : -1) * ((student.metrics[metric] ?? NaN) - (control.metrics[metric] ?? NaN));

/** Measures every network, exports the student, writes the report; the run is then done. */
export const finishRun = async (
  run: string,
  prepared: PreparedRun,
  recorder: Recorder,
  seconds: number,
): Promise<RunReport> => {
  const { dataset, measures, frozen, teachers } = prepared;
  const [teacher] = teachers;
  const split = dataset.test ?? dataset.validation;
  const control = prepared.stages.find((stage) => stage.name === 'control')?.network;
  await exportStudent(prepared.student, join(run, runFiles.student), frozen);
  const student = await figuresOf(run, prepared, 'student', prepared.student, split);
  const controlFigures = control ? await figuresOf(run, prepared, 'control', control, split) : null;
  const report: RunReport = {
    run,
    name: frozen.name,
    status: 'done',
    task: frozen.recipe.task,
    split: dataset.test ? 'test' : 'validation',
    samples: split.count,
    teacher: teacher ? await figuresOf(run, prepared, 'teacher', teacher, split) : null,
    student,
    control: controlFigures,
    gain: controlFigures && gainOver(controlFigures, student, measures),
    metrics: { best: recorder.state.best, last: await lastOf(run) },
    pairs: pairsOf(prepared),
    warnings: recorder.state.warnings ?? [],
    backend: prepared.backend,
    seconds: Math.round(seconds),
    hashes: frozen.hashes,
    versions: { ...frozen.versions, tfjs: tf.version_core },
  };
  await writeReport(run, report);
  await recorder.event('info', `Done: ${basename(run)}.`);
  await recorder.status('done');
  return report;
};
