import type { SyntaxNode, Tree } from '@lezer/common';
import { assignmentOf, pathOf } from './pythonSyntax';
import { childrenOf } from './syntax';

/** Whole names, e.g. `tensorflow.keras.Sequential`, of what a text writes down. */
export interface PythonBindings {
  /** Null for what no import of the text brings. */
  wholeName(expression: SyntaxNode): string | null;
}

const scopeNames = new Set(['Script', 'FunctionDefinition', 'LambdaExpression', 'ClassDefinition']);

const scopeOf = (node: SyntaxNode): SyntaxNode => {
  let scope = node.parent ?? node;
  while (scope.parent && !scopeNames.has(scope.name)) scope = scope.parent;
  return scope;
};

const keyOf = (node: SyntaxNode): string => `${node.from}-${node.to}-${node.name}`;

/** The names that a target binds: of tuples and lists each. */
const namesIn = (target: SyntaxNode): SyntaxNode[] => {
  if (target.name === 'VariableName') return [target];
  return ['TupleExpression', 'ArrayExpression', 'ParenthesizedExpression'].includes(target.name)
    ? childrenOf(target).flatMap(namesIn)
    : [];
};

/** Children between two words, e.g. the targets of `for … in`. */
const between = (node: SyntaxNode, first: string, last: string): SyntaxNode[] => {
  const children = childrenOf(node);
  const start = children.findIndex(({ name }) => name === first);
  const end = children.findIndex(({ name }, index) => index > start && name === last);
  return start < 0 ? [] : children.slice(start + 1, end < 0 ? undefined : end);
};

/** What follows each `as`. */
const afterAs = (node: SyntaxNode): SyntaxNode[] =>
  childrenOf(node).filter((child) => child.prevSibling?.name === 'as');

/** Parameters, without their defaults. */
const parameters = (list: SyntaxNode | null): SyntaxNode[] =>
  list
    ? childrenOf(list).filter(
        (child) => child.name === 'VariableName' && child.prevSibling?.name !== 'AssignOp',
      )
    : [];

/** Names that a statement binds to something that is no import. */
const plainDefinitions: Record<string, (node: SyntaxNode) => SyntaxNode[]> = {
  AssignStatement: (node) => assignmentOf(node).targets.flatMap(namesIn),
  ForStatement: (node) => between(node, 'for', 'in').flatMap(namesIn),
  WithStatement: (node) => afterAs(node).flatMap(namesIn),
  TryStatement: (node) => afterAs(node).flatMap(namesIn),
  NamedExpression: (node) => (node.firstChild ? namesIn(node.firstChild) : []),
  CapturePattern: (node) => childrenOf(node).flatMap(namesIn),
};

class Scopes implements PythonBindings {
  private readonly names = new Map<string, Map<string, string | null>>();
  /** Modules all of whose names were imported. */
  private readonly stars: string[] = [];

  constructor(private readonly text: string) {}

  read(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  /** An import stays what it is, whatever else has the name: `try: import keras` may fall back. */
  declare(scope: SyntaxNode, name: string, whole: string | null): void {
    const names = this.names.get(keyOf(scope)) ?? new Map<string, string | null>();
    this.names.set(keyOf(scope), names);
    if (whole !== null || !names.has(name)) names.set(name, whole);
  }

  import(statement: SyntaxNode): void {
    const children = childrenOf(statement);
    if (children[0]?.name === 'from') this.importFrom(statement, children.slice(1));
    else this.importModules(statement, children.slice(1));
  }

  /** `import a.b as c, d.e`: `c` is a.b, `d` is d. */
  private importModules(statement: SyntaxNode, children: readonly SyntaxNode[]): void {
    const scope = scopeOf(statement);
    for (const part of split(children)) {
      const at = part.findIndex(({ name }) => name === 'as');
      const path = (at < 0 ? part : part.slice(0, at)).filter(({ name }) => name === 'VariableName');
      const [first] = path;
      const alias = at < 0 ? undefined : part[at + 1];
      if (alias) this.declare(scope, this.read(alias), path.map((name) => this.read(name)).join('.'));
      else if (first) this.declare(scope, this.read(first), this.read(first));
    }
  }

  private importFrom(statement: SyntaxNode, children: readonly SyntaxNode[]): void {
    const scope = scopeOf(statement);
    const at = children.findIndex(({ name }) => name === 'import');
    const path = children.slice(0, at);
    const isRelative = path[0]?.name !== 'VariableName';
    const module = path.flatMap((node) => (node.name === 'VariableName' ? [this.read(node)] : [])).join('.');
    const listed = children.slice(at + 1).filter(({ name }) => name !== '(' && name !== ')');
    if (listed[0]?.name === '*' && !isRelative) this.stars.push(module);
    for (const [imported, , alias] of split(listed)) {
      if (imported?.name !== 'VariableName') continue;
      const whole = isRelative ? null : `${module}.${this.read(imported)}`;
      this.declare(scope, this.read(alias ?? imported), whole);
    }
  }

  wholeName(expression: SyntaxNode): string | null {
    const path = pathOf(expression);
    const [first, ...more] = path ?? [];
    if (!first) return null;
    const found = this.resolve(this.read(first), first);
    return found === null ? null : [found, ...more.map((node) => this.read(node))].join('.');
  }

  /** Python looks through functions and the module, but not through the classes around a function. */
  private resolve(name: string, at: SyntaxNode): string | null {
    for (let scope = scopeOf(at), isFirst = true; ; scope = scopeOf(scope), isFirst = false) {
      const names = scope.name === 'ClassDefinition' && !isFirst ? undefined : this.names.get(keyOf(scope));
      if (names?.has(name)) return names.get(name) ?? null;
      if (scope.name === 'Script' || !scope.parent) break;
    }
    const star = this.stars.find((module) => /(^|\.)keras(\.|$)/.test(module));
    return star === undefined ? null : `${star}.${name}`;
  }
}

/** By commas. */
const split = (nodes: readonly SyntaxNode[]): SyntaxNode[][] => {
  const parts: SyntaxNode[][] = [[]];
  for (const node of nodes) {
    if (node.name === ',') parts.push([]);
    else parts.at(-1)?.push(node);
  }
  return parts;
};

/** Which names of a Python text stand for what was imported, scope by scope. */
export const findPythonBindings = (tree: Tree, text: string): PythonBindings => {
  const scopes = new Scopes(text);
  tree.iterate({
    enter: ({ name, node }) => {
      if (name === 'ImportStatement') scopes.import(node);
      for (const defined of plainDefinitions[name]?.(node) ?? [])
        scopes.declare(scopeOf(node), scopes.read(defined), null);
      if (name !== 'FunctionDefinition' && name !== 'ClassDefinition' && name !== 'LambdaExpression') return;
      const own = node.getChild('VariableName');
      if (own && name !== 'LambdaExpression') scopes.declare(scopeOf(node), scopes.read(own), null);
      for (const parameter of parameters(node.getChild('ParamList')))
        scopes.declare(node, scopes.read(parameter), null);
    },
  });
  return scopes;
};
