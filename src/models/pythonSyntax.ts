import { parser } from '@lezer/python';
import type { SyntaxNode, Tree } from '@lezer/common';
import { childrenOf, isSame } from './syntax';

export const pythonLanguage = 'python';

export const isPythonFile = (file: string): boolean => /\.py$/i.test(file);

/** Never throws: a broken text gives a tree with error nodes. */
export const parsePython = (text: string): Tree => parser.parse(text);

export const isMaker = ({ name }: SyntaxNode): boolean =>
  name === 'FunctionDefinition' || name === 'LambdaExpression';

export const enclosingMaker = (node: SyntaxNode): SyntaxNode | null => {
  let parent = node.parent;
  while (parent && !isMaker(parent)) parent = parent.parent;
  return parent;
};

/** The expression inside parentheses. */
export const unwrapped = (node: SyntaxNode): SyntaxNode => {
  if (node.name !== 'ParenthesizedExpression') return node;
  const inner = childrenOf(node).find(({ name }) => name !== '(' && name !== ')');
  return inner ? unwrapped(inner) : node;
};

/** The outermost expression with the same value: out of parentheses and the branches of a conditional. */
export const wrapped = (node: SyntaxNode): SyntaxNode => {
  const parent = node.parent;
  if (parent?.name === 'ParenthesizedExpression') return wrapped(parent);
  if (parent?.name !== 'ConditionalExpression') return node;
  const branches = childrenOf(parent).filter(({ name }) => name !== 'if' && name !== 'else');
  return isSame(branches[1] ?? null, node) ? node : wrapped(parent);
};

export interface Assignment {
  /** `a = b = value` has two. */
  targets: SyntaxNode[];
  value: SyntaxNode | null;
}

/** What an assignment assigns; the type of `name: type = value` is left out. */
export const assignmentOf = (statement: SyntaxNode): Assignment => {
  const parts: SyntaxNode[][] = [[]];
  for (const child of childrenOf(statement)) {
    if (child.name === 'AssignOp') parts.push([]);
    else if (child.name !== 'TypeDef') parts.at(-1)?.push(child);
  }
  const [value, ...more] = parts.length > 1 ? (parts.pop() ?? []) : [];
  return { targets: parts.flat(), value: more.length > 0 ? null : (value ?? null) };
};

/** `a`, `a.b`, `a.b.c` as its names; null for what is no plain path. */
export const pathOf = (node: SyntaxNode): SyntaxNode[] | null => {
  if (node.name === 'VariableName') return [node];
  if (node.name !== 'MemberExpression') return null;
  const [object, , property, ...more] = childrenOf(node);
  if (!object || property?.name !== 'PropertyName' || more.length > 0) return null;
  const path = pathOf(object);
  return path && [...path, property];
};
