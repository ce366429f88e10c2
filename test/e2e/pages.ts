import { type FrameLocator, type Locator } from 'playwright-core';
import { type Workbench } from '../vscode/workbench';

/** The frame of the webview that shows this element; several pages may be open. */
const frameWith = async (workbench: Workbench, selector: string): Promise<FrameLocator> => {
  for (let tries = 0; tries < 300; tries += 1) {
    const count = await workbench.page.locator('iframe.webview.ready').count();
    for (let nth = 0; nth < count; nth += 1) {
      const frame = workbench.webview(nth);
      if (
        await frame
          .locator(selector)
          .first()
          .isVisible()
          .catch(() => false)
      )
        return frame;
    }
    await workbench.page.waitForTimeout(100);
  }
  throw new Error(`No page shows ${selector}.`);
};

/** The Curves page as a user reads it. */
export class CurvesReader {
  private constructor(private readonly frame: FrameLocator) {}

  static async find(workbench: Workbench): Promise<CurvesReader> {
    return new CurvesReader(await frameWith(workbench, 'section.run'));
  }

  get status(): Locator {
    return this.frame.locator('.run-head .status').first();
  }

  get charts(): Locator {
    return this.frame.locator('.chart');
  }

  get results(): Locator {
    return this.frame.locator('section.results tbody tr');
  }

  button(name: string): Locator {
    return this.frame.locator('section.run').getByText(name, { exact: true }).first();
  }

  /** All that the charts tell in words, and how far the run is: it changes whenever the curves move. */
  async told(): Promise<string> {
    const labels = await this.frame
      .locator('.plot')
      .evaluateAll((plots) => plots.map((plot) => plot.getAttribute('aria-label')));
    return JSON.stringify(labels);
  }
}

/** The Layers page as a user reads it. */
export class LayersReader {
  private constructor(private readonly frame: FrameLocator) {}

  static async find(workbench: Workbench): Promise<LayersReader> {
    return new LayersReader(await frameWith(workbench, '.layers-page .grid'));
  }

  layer(network: 'teacher' | 'student', name: string): Locator {
    return this.frame.locator(`.side.layer[data-network="${network}"][data-layer="${name}"]`);
  }

  get chosen(): Locator {
    return this.frame.locator('.side.layer.chosen');
  }

  get status(): Locator {
    return this.frame.locator('.status-line');
  }

  get pairs(): Locator {
    return this.frame.locator('.links .link');
  }

  button(name: string): Locator {
    return this.frame.getByRole('button', { name, exact: true }).first();
  }
}

/** The Activations page as a user reads it. */
export class ActivationsReader {
  private constructor(private readonly frame: FrameLocator) {}

  static async find(workbench: Workbench): Promise<ActivationsReader> {
    return new ActivationsReader(await frameWith(workbench, '.layer-lists'));
  }

  layer(network: 'teacher' | 'student', name: string): Locator {
    return this.frame.locator(`.layers[data-network="${network}"] .layer[data-tap="${name}"]`);
  }

  /** The title above a network's maps, e.g. `Student · relu2`. */
  paneTitle(network: 'teacher' | 'student'): Locator {
    return this.frame.locator(`.pane[data-network="${network}"] .pane-title`);
  }

  /** A network's channels, once their values have come. */
  maps(network: 'teacher' | 'student'): Locator {
    return this.frame.locator(`.pane[data-network="${network}"][aria-busy="false"] #${network}-grid`);
  }
}
