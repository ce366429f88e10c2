import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { atLoss } from '../../engine/losses/at';
import { cdLoss } from '../../engine/losses/cd';
import { cscLoss } from '../../engine/losses/csc';
import { cwdLoss } from '../../engine/losses/cwd';
import { fitnetsLoss } from '../../engine/losses/fitnets';
import { kdLoss } from '../../engine/losses/kd';
import { laLoss } from '../../engine/losses/la';
import { paLoss } from '../../engine/losses/pa';
import { simregLoss } from '../../engine/losses/simreg';
import { spLoss } from '../../engine/losses/sp';
import { expectClose } from '../fixtures/closeTo';

type Loss = (student: tf.Tensor, teacher: tf.Tensor) => tf.Scalar;

interface Subject {
  name: string;
  loss: Loss;
  shape: number[];
}

const onMaps =
  (loss: (student: tf.Tensor4D, teacher: tf.Tensor4D) => tf.Scalar): Loss =>
  (student, teacher) =>
    loss(student as tf.Tensor4D, teacher as tf.Tensor4D);

const mapShape = [2, 3, 3, 4];
const kd: Subject = { name: 'kd', loss: (s, t) => kdLoss(s, t, 4), shape: [4, 5] };
const fitnets: Subject = { name: 'fitnets', loss: fitnetsLoss, shape: mapShape };
const atCode: Subject = { name: 'at, code', loss: onMaps((s, t) => atLoss(s, t, 'code')), shape: mapShape };
const atPaper: Subject = {
  name: 'at, paper',
  loss: onMaps((s, t) => atLoss(s, t, 'paper')),
  shape: mapShape,
};
const sp: Subject = { name: 'sp', loss: spLoss, shape: [4, 2, 2, 3] };
const cwd: Subject = { name: 'cwd', loss: onMaps((s, t) => cwdLoss(s, t, 4)), shape: mapShape };
const cd: Subject = { name: 'cd', loss: onMaps(cdLoss), shape: mapShape };
const pa: Subject = { name: 'pa', loss: onMaps((s, t) => paLoss(s, t, 0.5)), shape: mapShape };
const la: Subject = { name: 'la', loss: onMaps(laLoss), shape: mapShape };
const csc: Subject = { name: 'csc', loss: onMaps(cscLoss), shape: mapShape };
const simreg: Subject = {
  name: 'simreg',
  loss: (s, t) => simregLoss(s as tf.Tensor2D, t as tf.Tensor2D),
  shape: [4, 5],
};
const subjects = [kd, fitnets, atCode, atPaper, sp, cwd, cd, pa, la, csc, simreg];

const sample = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);
const value = (loss: tf.Scalar): number => loss.dataSync()[0] as number;

beforeAll(async () => {
  await useBackend('cpu');
});

describe.each(subjects)('$name', ({ loss, shape }) => {
  it('is zero for the teacher itself and positive for another', () => {
    const teacher = sample(shape, 1);
    expectClose(loss(teacher, teacher), 0, 1e-6);
    expect(value(loss(sample(shape, 2), teacher))).toBeGreaterThan(1e-4);
  });

  it('has no gradient at the teacher itself, and a finite one at zero', () => {
    const teacher = sample(shape, 3);
    const gradient = tf.grad((student) => loss(student, teacher));
    expectClose(gradient(teacher), new Array(teacher.size).fill(0), 1e-5);
    expect([...gradient(tf.zeros(shape)).dataSync()].every(Number.isFinite)).toBe(true);
    expect([...gradient(tf.fill(shape, 1e4)).dataSync()].every(Number.isFinite)).toBe(true);
  });

  it('has the gradient that finite differences give', () => {
    const [student, teacher, direction] = [sample(shape, 4), sample(shape, 5), sample(shape, 6)];
    const step = 1e-2;
    const ahead = value(loss(student.add(direction.mul(step)), teacher));
    const behind = value(loss(student.sub(direction.mul(step)), teacher));
    const slope = tf
      .grad((features) => loss(features, teacher))(student)
      .mul(direction)
      .sum();
    const wanted = (ahead - behind) / (2 * step);
    expectClose(slope as tf.Scalar, wanted, 2e-3 * Math.max(1, Math.abs(wanted)));
  });
});

describe('what a loss does not see', () => {
  const expectSame = ({ loss, shape }: Subject, change: (student: tf.Tensor) => tf.Tensor) => {
    const [student, teacher] = [sample(shape, 7), sample(shape, 8)];
    expectClose(loss(change(student), teacher), value(loss(student, teacher)));
  };

  it('kd: a constant added to every logit of a sample', () => {
    expectSame(kd, (student) => student.add(tf.tensor2d([[5], [-3], [0], [40]])));
  });

  it('cwd: a constant added to every position of a channel', () => {
    expectSame(cwd, (student) => student.add(tf.tensor1d([3, -2, 0.5, 20])));
  });

  it.each([atCode, atPaper, sp, pa, csc, simreg])('$name: the scale of the features', (subject) => {
    expectSame(subject, (student) => student.mul(37));
    expectSame(subject, (student) => student.mul(1e-2));
  });

  it('at: how many channels there are', () => {
    const student = sample(mapShape, 9) as tf.Tensor4D;
    const teacher = sample([2, 3, 3, 7], 10) as tf.Tensor4D;
    const doubled = student.concat(student, 3);
    expectClose(atLoss(doubled, teacher, 'code'), value(atLoss(student, teacher, 'code')));
  });

  it('kd stays finite where probabilities underflow', () => {
    const extreme = tf.tensor2d([[1000, 0, -1000]]);
    expect(value(kdLoss(extreme.neg(), extreme, 1))).toBeCloseTo(2000, 0);
  });
});
