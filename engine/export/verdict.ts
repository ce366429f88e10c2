import type { ModelFigures, RunReport } from '../contract/run';
import { measured, measureOf } from './figureTable';
import { formatDifference, formatMetric, formatPoints, formatShare, formatTimes } from './quantity';

/** What distilling bought over training without it, in a sentence: also when that is nothing, or a loss. */
export const gainSentence = (report: RunReport): string => {
  const without = report.teacher ? 'without the teacher' : 'without distilling';
  const value = measured(report, report.student);
  if (!Number.isFinite(value)) {
    return 'No samples were kept aside, so how good the student is was not measured.';
  }
  const measure = measureOf(report);
  const article = /^[aeiouAR]/.test(measure.noun) ? 'an' : 'a';
  const kind = measure.name === 'acc' ? '' : `${article} ${measure.noun} of `;
  const reached = `The student reaches ${kind}${formatMetric(measure, value)} on the ${report.split} split`;
  if (report.gain === null || !Number.isFinite(report.gain)) {
    return `${reached}; no control was trained, so what distilling bought is not known.`;
  }
  const difference = formatDifference(measure, report.gain);
  if (report.gain === 0) {
    return `${reached}, exactly as the same student trained ${without}: distilling bought nothing here.`;
  }
  return report.gain > 0
    ? `${reached}: distilling bought ${difference} over the same student trained ${without}.`
    : `${reached}: distilling cost ${difference} against the same student trained ${without}.`;
};

/** What the student keeps of the teacher's main metric, or by how much it errs more. */
const keptWords = (report: RunReport, teacher: ModelFigures): string => {
  const measure = measureOf(report);
  const share = measured(report, report.student) / measured(report, teacher);
  if (!Number.isFinite(share)) return '';
  if (measure.rising) return ` and keeps ${formatShare(share)} of its ${measure.noun}`;
  return `, and its ${measure.noun} is ${formatTimes(share, 1)} as large`;
};

/** How small the student is and what it keeps of the teacher; null without a teacher. */
export const sizeSentence = (report: RunReport): string | null => {
  const { teacher, student } = report;
  if (!teacher || !(student.parameters > 0) || !(teacher.parameters > 0)) return null;
  const smaller = student.parameters <= teacher.parameters;
  const times = smaller
    ? `${formatTimes(teacher.parameters, student.parameters)} smaller than`
    : `${formatTimes(student.parameters, teacher.parameters)} as large as`;
  return `It is ${times} its teacher${keptWords(report, teacher)}.`;
};

/** How far the gain can be trusted: it is one run, and a small split blurs it. */
export const trustSentence = (report: RunReport): string | null => {
  if (report.gain === null || !report.control) return null;
  const once = 'This is one run with one seed';
  const margin = chanceMargin(report);
  if (margin === null || margin === 0) return `${once}: other seeds will differ a little.`;
  const samples = `With ${(report.samples ?? 0).toLocaleString('en-US')} ${report.split} samples`;
  const verdict = Math.abs(report.gain) < margin ? 'this one is below that' : 'this one is above that';
  return `${once}. ${samples}, a difference under about ${formatPoints(margin)} points may be chance; ${verdict}.`;
};

/**
 * Twice the standard error of a difference of two accuracies (binomial, taken as independent); null for metrics that are
 * no share of the samples.
 */
const chanceMargin = (report: RunReport): number | null => {
  const isShare = report.task === 'classification' || report.task === 'features';
  if (!report.control || !report.samples || !isShare) return null;
  const variance = [report.student, report.control]
    .map((figures) => measured(report, figures))
    .reduce((sum, share) => sum + share * (1 - share), 0);
  return Number.isFinite(variance) ? 2 * Math.sqrt(variance / report.samples) : null;
};
