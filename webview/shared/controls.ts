/**
 * The only file that imports the toolkit, which is deprecated upstream and comes whole whatever is used of it. A
 * successor with the same tag names replaces it here: dropdown and option become single-select, the others stay.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeProgressRing,
} from '@vscode/webview-ui-toolkit';
import { type Child, append } from './element';
import { type IconName, icon } from './icons';

provideVSCodeDesignSystem().register(
  vsCodeBadge(),
  vsCodeButton(),
  vsCodeCheckbox(),
  vsCodeDropdown(),
  vsCodeOption(),
  vsCodeProgressRing(),
);

const control = (tag: string, classes: string, ...children: Child[]): HTMLElement => {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  append(made, children);
  return made;
};

export interface ButtonOptions {
  icon?: IconName;
  look?: 'primary' | 'secondary' | 'icon';
  /** Where the words alone do not say it; an icon's only words. */
  title?: string;
  press: () => void;
}

export const button = (words: string, options: ButtonOptions): HTMLElement => {
  const look = options.look ?? 'secondary';
  const mark = options.icon ? icon(options.icon) : null;
  const made = control('vscode-button', `button-${look}`, mark, look === 'icon' ? null : words);
  made.setAttribute('appearance', look);
  made.setAttribute('aria-label', options.title ?? words);
  if (look === 'icon' || options.title) made.title = options.title ?? words;
  made.addEventListener('click', options.press);
  return made;
};

export const setDisabled = (made: HTMLElement, disabled: boolean): void => {
  (made as HTMLElement & { disabled: boolean }).disabled = disabled;
};

export interface Checkbox {
  root: HTMLElement;
  set(checked: boolean): void;
}

export const checkbox = (words: string, checked: boolean, change: (checked: boolean) => void): Checkbox => {
  const made = control('vscode-checkbox', '', words) as HTMLElement & { checked: boolean };
  made.checked = checked;
  made.addEventListener('change', () => change(made.checked));
  return {
    root: made,
    set: (next) => {
      if (made.checked !== next) made.checked = next;
    },
  };
};

export interface Choice<T extends string> {
  value: T;
  words: string;
}

export interface Dropdown<T extends string> {
  root: HTMLElement;
  set(value: T): void;
  disable(value: T, disabled: boolean): void;
}

type ValueElement = HTMLElement & { value: string };

export const dropdown = <T extends string>(
  label: string,
  choices: readonly Choice<T>[],
  value: T,
  change: (value: T) => void,
): Dropdown<T> => {
  const options = choices.map((choice) => {
    const option = control('vscode-option', '', choice.words);
    option.setAttribute('value', choice.value);
    if (choice.value === value) option.setAttribute('selected', '');
    return option;
  });
  const made = control('vscode-dropdown', '', ...options) as ValueElement;
  made.setAttribute('aria-label', label);
  made.addEventListener('change', () => change(made.value as T));
  return {
    root: made,
    set: (next) => {
      if (made.value !== next) made.value = next;
    },
    disable: (which, disabled) => {
      const index = choices.findIndex((choice) => choice.value === which);
      options[index]?.toggleAttribute('disabled', disabled);
    },
  };
};

export const progressRing = (): HTMLElement => control('vscode-progress-ring', '');

export const badge = (words: string, classes = ''): HTMLElement => control('vscode-badge', classes, words);
