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

  /** Opens a pick by its key and types into it; tries again where the one before was still closing. */
  async openQuickInput(key: string, text: string): Promise<void> {
    const input = this.quickInput.locator('input.input').first();
    for (let tries = 0; ; tries += 1) {
      await this.page.keyboard.press(key);
      const isFilled = await input.fill(text, { timeout: 4_000 }).then(
        () => true,
        () => false,
      );
      if (isFilled && (await input.inputValue({ timeout: 1_000 }).catch(() => '')) === text) return;
      if (tries === 5) throw new Error(`${key} opened no input.`);
    }
  }

  async runCommand(title: string): Promise<void> {
    await this.openQuickInput('F1', `>${title}`);
    await this.quickRow(title).click();
  }

  /** Chooses a row of the pick that is open. */
  async choose(text: string | RegExp): Promise<void> {
    await this.quickRow(text).click();
  }

  /** Confirms what is chosen in the pick that is open. */
  async confirm(): Promise<void> {
    await this.quickInput.locator('input.input').first().press('Enter');
  }

  /** Answers the input box that asks this. */
  async answer(question: string | RegExp, text: string): Promise<void> {
    await this.quickInput.locator('.quick-input-message', { hasText: question }).waitFor();
    await this.quickInput.locator('input.input').first().fill(text);
    await this.confirm();
  }

  async openFile(name: string): Promise<void> {
    await this.openQuickInput('ControlOrMeta+P', name);
    await this.quickRow(name).click();
    await this.page.locator('.tabs-container .tab.active', { hasText: name }).first().waitFor();
  }

  tab(name: string | RegExp): Locator {
    return this.page.locator('.tabs-container .tab', { hasText: name }).first();
  }

  async closeTab(name: string): Promise<void> {
    await this.tab(name).hover();
    await this.tab(name).locator('a[aria-label^="Close"]').click();
  }

  lens(text: string | RegExp): Locator {
    return this.page.locator('.codelens-decoration a:visible', { hasText: text }).first();
  }

  /** A button at the right of the editor's tabs. */
  titleAction(label: string): Locator {
    return this.page.locator(`.editor-actions a.action-label[aria-label^="${label}"]`).first();
  }

  /** A line of the editor that shows this text. */
  codeLine(text: string | RegExp): Locator {
    return this.page.locator('.editor-instance .view-line', { hasText: text }).first();
  }

  /** Puts the cursor in a file at a line, from 1; the status bar tells where it went. */
  async placeCursor(name: string, line: number): Promise<void> {
    const position = this.page.locator('.part.statusbar .statusbar-item', { hasText: `Ln ${line},` });
    for (let tries = 0; ; tries += 1) {
      await this.tab(name).click();
      await this.openQuickInput('Control+G', `:${line}`);
      await this.quickRow(`line ${line}`)
        .click({ timeout: 4_000 })
        .catch(() => undefined);
      const isThere = await position.waitFor({ timeout: 4_000 }).then(
        () => true,
        () => false,
      );
      if (isThere) return this.quickInput.waitFor({ state: 'hidden' });
      if (tries === 5) throw new Error(`The cursor did not go to line ${line} of ${name}.`);
    }
  }

  /** Scrolls the active editor to its first line, and to the lens above it. */
  async scrollToTop(): Promise<void> {
    await this.page.locator('.editor-instance .view-lines').first().hover();
    await this.page.mouse.wheel(0, -100_000);
  }

  /** Opens a view container by its title in the activity bar. */
  async openView(title: string): Promise<void> {
    const item = this.page.locator('.part.activitybar .action-item', {
      has: this.page.locator(`a.action-label[aria-label^="${title}"]`),
    });
    const isOpen = (await item.first().getAttribute('class'))?.includes('checked');
    if (!isOpen) await item.first().click();
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
