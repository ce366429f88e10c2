import type { Failure } from '../../engine/contract/failure';
import { button, progressRing } from './controls';
import { element } from './element';
import { icon } from './icons';

/** Something is on its way: says what. */
export const loadingBlock = (sentence: string): HTMLElement =>
  element(
    'div',
    { class: 'state state-loading', role: 'status' },
    progressRing(),
    element('p', {}, sentence),
  );

/** There is nothing here yet: says why, and what would change that. */
export const emptyBlock = (sentence: string, next: string, action?: HTMLElement): HTMLElement =>
  element(
    'div',
    { class: 'state state-empty', role: 'status' },
    element('p', {}, sentence),
    element('p', { class: 'state-next' }, next),
    action,
  );

/** Something could not be done: the sentence, the next step, and the code to search for. */
export const failedBlock = (failure: Failure, retry?: () => void): HTMLElement =>
  element(
    'div',
    { class: 'state state-failed', role: 'alert', data: { code: failure.code } },
    icon('warning'),
    element(
      'div',
      { class: 'state-words' },
      element('p', { class: 'state-sentence' }, failure.message),
      element('p', { class: 'state-next' }, failure.next),
      element('code', { class: 'state-code' }, failure.code),
      retry ? button('Try again', { icon: 'refresh', press: retry }) : null,
    ),
  );

/** A call that the host never answered, or that broke on the way. */
export const brokenLink = (error: unknown): Failure => ({
  code: 'internal',
  message: `The extension did not answer: ${error instanceof Error ? error.message : String(error)}`,
  next: 'Try again; if it stays so, run “Developer: Reload Window”.',
});
