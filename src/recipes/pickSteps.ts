import * as vscode from 'vscode';
import type { StepPosition } from './walkSteps';

/** What a step gives: an answer, the wish to go back, or undefined for giving up. */
export type Answered<T> = { back: false; value: T } | { back: true } | undefined;

export interface Position extends StepPosition {
  title: string;
}

const finish = <T>(
  input: vscode.QuickPick<vscode.QuickPickItem> | vscode.InputBox,
  position: Position,
  read: () => T | undefined,
): Promise<Answered<T>> =>
  new Promise((resolve) => {
    Object.assign(input, { title: position.title, step: position.step, totalSteps: position.total });
    input.ignoreFocusOut = true;
    if (position.step > 1) input.buttons = [vscode.QuickInputButtons.Back];
    let answer: Answered<T>;
    const parts = [
      input.onDidTriggerButton(() => {
        answer = { back: true };
        input.hide();
      }),
      input.onDidAccept(() => {
        const value = read();
        if (value === undefined) return;
        answer = { back: false, value };
        input.hide();
      }),
      input.onDidHide(() => {
        vscode.Disposable.from(...parts, input).dispose();
        resolve(answer);
      }),
    ];
    input.show();
  });

export interface PickOptions<I extends vscode.QuickPickItem> {
  placeholder: string;
  /** Found while the pick is already open. */
  items: Promise<I[]>;
  /** Chosen at first. */
  picked?: (item: I) => boolean;
  /** An item's button was pressed; the pick stays open. */
  pressed?: (item: I) => void;
}

const fill = async <I extends vscode.QuickPickItem>(
  pick: vscode.QuickPick<I>,
  options: PickOptions<I>,
  select: (chosen: I[]) => void,
): Promise<void> => {
  pick.placeholder = options.placeholder;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.busy = true;
  pick.items = await options.items;
  pick.busy = false;
  const chosen = pick.items.filter((item) => options.picked?.(item) ?? false);
  if (chosen.length > 0) select(chosen);
};

/** Opens a pick of one item. */
export const pickOne = async <I extends vscode.QuickPickItem>(
  position: Position,
  options: PickOptions<I>,
): Promise<Answered<I>> => {
  const pick = vscode.window.createQuickPick<I>();
  const answer = finish(pick as never, position, () => pick.selectedItems[0]);
  await settle(
    pick,
    answer,
    fill(pick, options, (chosen) => (pick.activeItems = chosen)),
  );
  return answer;
};

/** Opens a pick of any number of items, at least one. */
export const pickMany = async <I extends vscode.QuickPickItem>(
  position: Position,
  options: PickOptions<I>,
): Promise<Answered<readonly I[]>> => {
  const pick = vscode.window.createQuickPick<I>();
  pick.canSelectMany = true;
  pick.onDidTriggerItemButton(({ item }) => options.pressed?.(item));
  const answer = finish(pick as never, position, () =>
    pick.selectedItems.length > 0 ? pick.selectedItems : undefined,
  );
  await settle(
    pick,
    answer,
    fill(pick, options, (chosen) => (pick.selectedItems = chosen)),
  );
  return answer;
};

/** Closes a pick whose items cannot be had, and lets that error through. */
const settle = async (
  pick: { hide(): void },
  answer: Promise<unknown>,
  filled: Promise<void>,
): Promise<void> => {
  try {
    await Promise.race([filled, answer]);
  } catch (error) {
    pick.hide();
    throw error;
  }
  filled.catch(() => undefined);
};

/** Asks for a line of text; `problem` says what is wrong with it. */
export const askText = (
  position: Position,
  prompt: string,
  value: string,
  problem: (text: string) => string | null,
): Promise<Answered<string>> => {
  const box = vscode.window.createInputBox();
  box.prompt = prompt;
  box.value = value;
  const watch = box.onDidChangeValue((text) => {
    box.validationMessage = problem(text) ?? '';
  });
  return finish(box, position, () => {
    const wrong = problem(box.value);
    box.validationMessage = wrong ?? '';
    return wrong ? undefined : box.value.trim();
  }).finally(() => watch.dispose());
};
