import { type FrameLocator, type Locator, type Page } from 'playwright-core';

/** VS Code's window as a user meets it; the selectors were checked on VS Code 1.139. */
export class Workbench {
  constructor(readonly page: Page) {}

  /** Opens a folder and waits until VS Code can be used. */
  async open(url: string, folder: string): Promise<void> {
    await this.page.goto(`${url}/?folder=${encodeURIComponent(folder)}`);
    await this.ready();
  }

  async ready(): Promise<void> {
    for (const part of ['.monaco-workbench', '.part.activitybar .action-item', '.part.statusbar'])
      await this.page.locator(part).first().waitFor({ timeout: 60_000 });
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  get quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible').first();
  }

  /** The rows of the pick that is open. */
  quickRow(text: string | RegExp): Locator {
    return this.quickInput.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
  }

  async runCommand(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    const input = this.quickInput.locator('input.input').first();
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.quickRow(title).click();
  }

  /** Chooses a row of the pick that is open. */
  async choose(text: string | RegExp): Promise<void> {
    await this.quickRow(text).click();
  }

  /** Answers the input box, or the pick of several, that is open. */
  async accept(text?: string): Promise<void> {
    if (text !== undefined) await this.quickInput.locator('input.input').first().fill(text);
    await this.page.keyboard.press('Enter');
  }

  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press('ControlOrMeta+P');
    const input = this.quickInput.locator('input.input').first();
    await input.waitFor();
    await input.fill(name);
    await this.quickRow(name).waitFor();
    await this.page.keyboard.press('Enter');
    await this.tab(name).waitFor();
  }

  tab(name: string | RegExp): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: name }).first();
  }

  async closeTab(name: string): Promise<void> {
    await this.tab(name).hover();
    await this.tab(name).locator('a[aria-label^="Close"]').click();
  }

  lens(text: string | RegExp): Locator {
    return this.page.locator('.codelens-decoration a', { hasText: text }).first();
  }

  /** A line of the editor that shows this text. */
  codeLine(text: string | RegExp): Locator {
    return this.page.locator('.editor-instance .view-line', { hasText: text }).first();
  }

  /** Puts the cursor in a file at a line, from 1. */
  async placeCursor(name: string, line: number): Promise<void> {
    await this.tab(name).click();
    await this.page.keyboard.press('Control+G');
    const input = this.quickInput.locator('input.input').first();
    await input.waitFor();
    await input.fill(`:${line}`);
    await this.page.keyboard.press('Enter');
  }

  /** Opens a view container by its title in the activity bar. */
  async openView(title: string): Promise<void> {
    const item = this.page.locator('.part.activitybar .action-item', {
      has: this.page.locator(`a.action-label[aria-label^="${title}"]`),
    });
    const isOpen = (await item.first().getAttribute('class'))?.includes('checked');
    if (!isOpen) await item.first().locator('a.action-label').click();
  }

  treeRow(text: string | RegExp): Locator {
    return this.page.locator('.part.sidebar .monaco-list-row', { hasText: text }).first();
  }

  treeRows(): Promise<string[]> {
    return this.page.locator('.part.sidebar .monaco-list-row').allInnerTexts();
  }

  toast(text: string | RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item', { hasText: text }).first();
  }

  /** The page inside a webview: the n-th that is visible, from 0. */
  webview(nth = 0): FrameLocator {
    return this.page
      .frameLocator('iframe.webview.ready:visible')
      .nth(nth)
      .frameLocator('iframe#active-frame');
  }
}
