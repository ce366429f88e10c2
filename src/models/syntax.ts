import { parser } from '@lezer/javascript';
import type { SyntaxNode, Tree } from '@lezer/common';

/** The languages that models are written in. */
export const codeLanguages = ['typescript', 'typescriptreact', 'javascript', 'javascriptreact'] as const;
export type CodeLanguage = (typeof codeLanguages)[number];

const dialects: Record<CodeLanguage, string> = {
  typescript: 'ts',
  typescriptreact: 'ts jsx',
  javascript: 'jsx',
  javascriptreact: 'jsx',
};

export const isCodeLanguage = (language: string): language is CodeLanguage =>
  (codeLanguages as readonly string[]).includes(language);

const extensions: Record<string, CodeLanguage> = {
  '.ts': 'typescript',
  '.mts': 'typescript',
  '.cts': 'typescript',
  '.tsx': 'typescriptreact',
  '.js': 'javascript',
  '.mjs': 'javascript',
  '.cjs': 'javascript',
  '.jsx': 'javascriptreact',
};

/** The language of a file by its name; null for what is no code. */
export const languageOf = (file: string): CodeLanguage | null =>
  extensions[file.slice(file.lastIndexOf('.')).toLowerCase()] ?? null;

/** Never throws: a broken text gives a tree with error nodes. */
export const parseCode = (text: string, language: CodeLanguage): Tree =>
  parser.configure({ dialect: dialects[language] }).parse(text);

export const childrenOf = (node: SyntaxNode): SyntaxNode[] => {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
};

export const isSame = (a: SyntaxNode | null, b: SyntaxNode | null): boolean =>
  a !== null && b !== null && a.from === b.from && a.to === b.to && a.name === b.name;

/** Functions of every spelling; an object's method is a property with parameters. */
export const isFunction = (node: SyntaxNode): boolean =>
  node.name === 'FunctionDeclaration' ||
  node.name === 'FunctionExpression' ||
  node.name === 'ArrowFunction' ||
  node.name === 'MethodDeclaration' ||
  (node.name === 'Property' && node.getChild('ParamList') !== null);

export const enclosingFunction = (node: SyntaxNode): SyntaxNode | null => {
  let parent = node.parent;
  while (parent && !isFunction(parent)) parent = parent.parent;
  return parent;
};

const isCast = (node: SyntaxNode): boolean =>
  node.name === 'BinaryExpression' && (node.getChild('as') !== null || node.getChild('satisfies') !== null);

const wrappers = ['ParenthesizedExpression', 'AwaitExpression', 'PrefixCast'];

const isNonNull = (node: SyntaxNode, text: string): boolean =>
  node.name === 'PostfixExpression' && text.slice(node.from, node.to).endsWith('!');

/** The expression inside parentheses, `await`, casts and `!`. */
export const unwrapped = (node: SyntaxNode, text: string): SyntaxNode => {
  const inner =
    isCast(node) || isNonNull(node, text)
      ? node.firstChild
      : wrappers.includes(node.name)
        ? childrenOf(node).findLast((child) => child.name !== ')' && !child.type.isError)
        : null;
  return inner ? unwrapped(inner, text) : node;
};

/** The outermost expression with the same value: out of parentheses, casts, and the branches of a conditional. */
export const wrapped = (node: SyntaxNode, text: string): SyntaxNode => {
  const parent = node.parent;
  if (!parent) return node;
  const isBranch = parent.name === 'ConditionalExpression' && !isSame(parent.firstChild, node);
  const isSameValue =
    wrappers.includes(parent.name) ||
    ((isCast(parent) || isNonNull(parent, text)) && isSame(parent.firstChild, node)) ||
    isBranch;
  return isSameValue ? wrapped(parent, text) : node;
};

/** One `target = value` of a variable declaration. */
export interface Declarator {
  target: SyntaxNode;
  value: SyntaxNode | null;
}

export const declarators = (declaration: SyntaxNode): Declarator[] => {
  const found: Declarator[] = [];
  let isValue = false;
  for (const child of childrenOf(declaration)) {
    const last = found.at(-1);
    if (child.name === 'Equals') isValue = true;
    else if (child.name === ',') isValue = false;
    else if (isValue && last) last.value ??= child;
    else if (['VariableDefinition', 'ObjectPattern', 'ArrayPattern'].includes(child.name))
      found.push({ target: child, value: null });
  }
  return found;
};

/** Zero-based line and column of offsets into a text. */
export const positions = (text: string): ((offset: number) => { line: number; column: number }) => {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    const line = starts.findLastIndex((start) => start <= offset);
    return { line, column: offset - (starts[line] ?? 0) };
  };
};
