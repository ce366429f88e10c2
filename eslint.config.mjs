import tseslint from 'typescript-eslint';

/** The import walls: only `src` imports vscode, only `webview` the DOM, both know of the engine only its contract. */
const wall = (files, patterns) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});
const noVscode = { regex: '^vscode$', message: 'Only src imports vscode.' };
const contractOnly = {
  regex: 'engine/(?!contract/)',
  message: 'Outside the engine, import only engine/contract.',
};
const noPages = { regex: '/webview/', message: 'Pages are reached through their messages.' };
const noHost = { regex: '\\.\\./src/', message: 'Only src knows the host.' };

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'node_modules/', '**/.retort/', 'examples/**/data/'] },
  ...tseslint.configs.recommended,
  {
    files: ['engine/**/*.ts', 'src/**/*.ts', 'webview/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'ExportAllDeclaration', message: 'No barrels.' },
      ],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'prefer-const': 'error',
    },
  },
  wall(['engine/**/*.ts'], [noVscode, noHost, noPages]),
  wall(
    ['engine/contract/**/*.ts'],
    [noVscode, noHost, noPages, { regex: '@tensorflow', message: 'The contract is types and schemas only.' }],
  ),
  // The host's own src/engine is its link to the engine: only a path that leaves src reaches the engine itself.
  wall(['src/*.ts'], [{ ...contractOnly, regex: '^\\.\\./engine/(?!contract/)' }, noPages]),
  wall(['src/*/**/*.ts'], [{ ...contractOnly, regex: '^(\\.\\./){2,}engine/(?!contract/)' }, noPages]),
  wall(['webview/**/*.ts'], [noVscode, contractOnly, noHost]),
);
