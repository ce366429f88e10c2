// What a runner's tests came to, and how that is told.

/**
 * @typedef {object} Outcome
 * @property {string} runner
 * @property {number} passed
 * @property {number} failed
 * @property {{ name: string, reason: string }[]} skipped
 * @property {string | null} crash why the runner itself failed; counts as one failure
 */

/**
 * A runner that ran nothing has failed: a suite that finds no tests proves nothing.
 * @param {Outcome} outcome
 * @returns {Outcome}
 */
export const orCrash = (outcome) => {
  const ran = outcome.passed + outcome.failed + outcome.skipped.length;
  return ran > 0 || outcome.crash !== null ? outcome : { ...outcome, crash: 'it found no tests' };
};

/** @param {Outcome} outcome */
export const failuresOf = ({ failed, crash }) => failed + (crash === null ? 0 : 1);

/** @param {number} passed @param {number} failed @param {number} skipped */
const counts = (passed, failed, skipped) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/** @param {Outcome} outcome */
export const runnerLine = (outcome) => {
  const line = `${outcome.runner}: ${counts(outcome.passed, failuresOf(outcome), outcome.skipped.length)}`;
  return outcome.crash === null ? line : `${line} (${outcome.crash})`;
};

/**
 * Every skipped test's reason, one line a reason.
 * @param {readonly Outcome[]} outcomes
 */
export const skipLines = (outcomes) => {
  /** @type {Map<string, number>} */
  const reasons = new Map();
  for (const { runner, skipped } of outcomes)
    for (const { reason } of skipped) {
      const key = `${runner}: ${reason || 'no reason given'}`;
      reasons.set(key, (reasons.get(key) ?? 0) + 1);
    }
  return [...reasons].map(([reason, count]) => `  ${count} skipped in ${reason}`);
};

/** The last line. @param {readonly Outcome[]} outcomes */
export const totalLine = (outcomes) => {
  const passed = outcomes.reduce((total, outcome) => total + outcome.passed, 0);
  const failed = outcomes.reduce((total, outcome) => total + failuresOf(outcome), 0);
  return `${passed} passed, ${failed} failed`;
};

/** 0 only when something ran and nothing failed. @param {readonly Outcome[]} outcomes */
export const exitCode = (outcomes) => {
  const passed = outcomes.reduce((total, outcome) => total + outcome.passed, 0);
  return passed > 0 && outcomes.every((outcome) => failuresOf(outcome) === 0) ? 0 : 1;
};
