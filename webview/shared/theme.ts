/** The editor's colours, for what a style sheet cannot reach: canvases. */
export interface Theme {
  kind: 'dark' | 'light' | 'contrast';
  foreground: string;
  faint: string;
  grid: string;
  background: string;
  font: string;
  series: Record<SeriesColour, string>;
}

/** Orange is left out: some of VS Code's own themes give it half transparent. */
export const seriesColours = ['blue', 'yellow', 'purple', 'green', 'red'] as const;
export type SeriesColour = (typeof seriesColours)[number];

export const readTheme = (): Theme => {
  const style = getComputedStyle(document.body);
  const colour = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  const foreground = colour('--vscode-foreground', style.color);
  return {
    kind: themeKind(document.body.classList),
    foreground,
    faint: colour('--vscode-descriptionForeground', foreground),
    grid: colour('--retort-grid', 'rgba(128, 128, 128, 0.2)'),
    background: colour('--vscode-editor-background', style.backgroundColor),
    font: `11px ${style.fontFamily}`,
    series: {
      blue: colour('--vscode-charts-blue', '#3794ff'),
      purple: colour('--vscode-charts-purple', '#b180d7'),
      green: colour('--vscode-charts-green', '#89d185'),
      red: colour('--vscode-charts-red', '#f14c4c'),
      yellow: colour('--vscode-charts-yellow', '#cca700'),
    },
  };
};

const themeKind = (classes: DOMTokenList): Theme['kind'] => {
  if (classes.contains('vscode-high-contrast') || classes.contains('vscode-high-contrast-light'))
    return 'contrast';
  return classes.contains('vscode-light') ? 'light' : 'dark';
};

/** Calls back after the editor's theme changed: VS Code then rewrites the body's class and the root's variables. */
export const onThemeChange = (changed: () => void): void => {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
};
