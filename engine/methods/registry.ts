import { z } from 'zod';
import { Failed } from '../contract/failure';
import type { MethodInfo } from '../contract/model';
import { at } from './at';
import { cd } from './cd';
import { cen } from './cen';
import { cganKd } from './cganKd';
import { crd } from './crd';
import { csc } from './csc';
import { ctkd } from './ctkd';
import { cwd } from './cwd';
import { detLi } from './detLi';
import { detWang } from './detWang';
import { detZm } from './detZm';
import { dml } from './dml';
import { fitnets } from './fitnets';
import { gkd } from './gkd';
import { ho } from './ho';
import { hsakd } from './hsakd';
import { hsakdOnline } from './hsakdOnline';
import { ifvd } from './ifvd';
import { kd } from './kd';
import { la } from './la';
import { lmcl } from './lmcl';
import { lshfm } from './lshfm';
import { mcl } from './mcl';
import type { Method } from './method';
import { mfef } from './mfef';
import { mgd } from './mgd';
import { mixskd } from './mixskd';
import { pa } from './pa';
import { pi } from './pi';
import { simreg } from './simreg';
import { sns } from './sns';
import { sp } from './sp';
import { sskd } from './sskd';
import { task } from './task';
import { zipf } from './zipf';

/** Every method, in the order in which they are offered. */
export const methods: readonly Method[] = [
  task,
  kd,
  fitnets,
  at,
  sp,
  cwd,
  pi,
  mgd,
  ctkd,
  crd,
  cd,
  gkd,
  lshfm,
  simreg,
  pa,
  la,
  csc,
  ifvd,
  ho,
  detLi,
  detWang,
  detZm,
  zipf,
  hsakd,
  sskd,
  dml,
  mcl,
  lmcl,
  hsakdOnline,
  mixskd,
  mfef,
  cganKd,
  sns,
  cen,
];

/** One entry of a recipe's `losses`: strict options of the method that it names. */
export const lossSchema = z.discriminatedUnion('method', [
  task.options,
  kd.options,
  fitnets.options,
  at.options,
  sp.options,
  cwd.options,
  pi.options,
  mgd.options,
  ctkd.options,
  crd.options,
  cd.options,
  gkd.options,
  lshfm.options,
  simreg.options,
  pa.options,
  la.options,
  csc.options,
  ifvd.options,
  ho.options,
  detLi.options,
  detWang.options,
  detZm.options,
  zipf.options,
  hsakd.options,
  sskd.options,
  dml.options,
  mcl.options,
  lmcl.options,
  hsakdOnline.options,
  mixskd.options,
  mfef.options,
  cganKd.options,
  sns.options,
  cen.options,
]);

/** Throws `Failed` (recipeInvalid) for a method that there is not. */
export const findMethod = (id: string): Method => {
  const found = methods.find((method) => method.id === id);
  if (!found) {
    throw new Failed(
      'recipeInvalid',
      `There is no method "${id}".`,
      `Choose one of: ${methods.map((method) => method.id).join(', ')}.`,
    );
  }
  return found;
};

/** What someone must know to choose a method; parameters as JSON Schema. */
export const methodInfos = (): MethodInfo[] =>
  methods.map((method) => ({
    id: method.id,
    title: method.title,
    summary: method.summary,
    source: method.source,
    url: method.url,
    guide: method.guide,
    needsTeacher: method.needsTeacher,
    pairs: method.pairs,
    tasks: [...method.tasks],
    defaultWeight: method.defaultWeight,
    parameters: z.toJSONSchema(method.options, { io: 'input' }),
  }));
