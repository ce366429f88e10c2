import type { SyntaxNode, Tree } from '@lezer/common';
import { childrenOf, declarators, isFunction, unwrapped } from './syntax';

/** What a name stands for, as far as models are concerned. */
export type Binding =
  | { kind: 'namespace' }
  /** A named import of a tfjs package. */
  | { kind: 'member'; name: string }
  /** `const { sequential } = tf`: a member if the value turns out to be the namespace. */
  | { kind: 'picked'; name: string; from: SyntaxNode }
  | { kind: 'other' };

export interface Bindings {
  /** What `name` stands for where `at` uses it; null for a name that nothing in the text declares. */
  resolve(name: string, at: SyntaxNode): Binding | null;
}

/** The packages that have `sequential` and `model`; others merely start alike. */
const packages = new Set([
  '@tensorflow/tfjs',
  '@tensorflow/tfjs-node',
  '@tensorflow/tfjs-node-gpu',
  '@tensorflow/tfjs-layers',
]);

const other: Binding = { kind: 'other' };
const namespace: Binding = { kind: 'namespace' };

const keyOf = (node: SyntaxNode): string => `${node.from}-${node.to}-${node.name}`;

const blockScopes = new Set([
  'Script',
  'Block',
  'ForStatement',
  'SwitchBody',
  'CatchClause',
  'NamespaceDeclaration',
]);

const scopeAbove = (node: SyntaxNode, isVar: boolean): SyntaxNode => {
  let scope = node.parent;
  while (
    scope?.parent &&
    !isFunction(scope) &&
    (isVar ? scope.name !== 'Script' : !blockScopes.has(scope.name))
  )
    scope = scope.parent;
  return scope ?? node;
};

/** Where the name of a definition is known. */
const scopeOf = (definition: SyntaxNode): SyntaxNode => {
  const parent = definition.parent;
  if (parent && ['FunctionDeclaration', 'ClassDeclaration', 'NamespaceDeclaration'].includes(parent.name))
    return scopeAbove(parent, false);
  if (parent?.name === 'FunctionExpression' || parent?.name === 'ClassExpression') return parent;
  let above = parent;
  while (above && (above.name.endsWith('Pattern') || above.name === 'PatternProperty')) above = above.parent;
  return scopeAbove(definition, above?.name === 'VariableDeclaration' && above.getChild('var') !== null);
};

class Scopes implements Bindings {
  private readonly names = new Map<string, Map<string, Binding>>();

  constructor(private readonly text: string) {}

  declare(definition: SyntaxNode, binding: Binding): void {
    const scope = keyOf(scopeOf(definition));
    const names = this.names.get(scope) ?? new Map<string, Binding>();
    this.names.set(scope, names);
    const name = this.read(definition);
    if (binding !== other || !names.has(name)) names.set(name, binding);
  }

  read(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }

  resolve(name: string, at: SyntaxNode): Binding | null {
    for (let scope: SyntaxNode | null = at.parent; scope; scope = scope.parent) {
      const found = this.names.get(keyOf(scope))?.get(name);
      if (found?.kind === 'picked') {
        const from = this.resolve(this.read(found.from), found.from);
        return from?.kind === 'namespace' ? { kind: 'member', name: found.name } : other;
      }
      if (found) return found;
    }
    return null;
  }

  isPackage(string: SyntaxNode | null): boolean {
    return string !== null && packages.has(this.read(string).slice(1, -1));
  }

  /** `require('…')` or `import('…')` of a tfjs package. */
  isRequire(node: SyntaxNode): boolean {
    const value = unwrapped(node, this.text);
    if (value.name === 'DynamicImport') return this.isPackage(value.getChild('String'));
    const callee = value.firstChild;
    return (
      value.name === 'CallExpression' &&
      callee?.name === 'VariableName' &&
      this.read(callee) === 'require' &&
      this.isPackage(value.getChild('ArgList')?.getChild('String') ?? null)
    );
  }
}

const importGroup = (scopes: Scopes, group: SyntaxNode): void => {
  let imported = '';
  let isType = false;
  for (const child of childrenOf(group)) {
    if (child.name === ',') [imported, isType] = ['', false];
    else if (child.name === 'type') isType = true;
    else if (child.name === 'VariableName' || child.name === 'default') imported = scopes.read(child);
    else if (child.name === 'VariableDefinition') {
      const name = imported || scopes.read(child);
      scopes.declare(child, isType ? other : name === 'default' ? namespace : { kind: 'member', name });
    }
  }
};

const importDeclaration = (scopes: Scopes, node: SyntaxNode): void => {
  const source = node.getChild('String');
  const next = node.nextSibling;
  const isImportEquals = !source && next?.name === 'ExpressionStatement' && next.firstChild !== null;
  const isModel =
    isImportEquals && next?.firstChild ? scopes.isRequire(next.firstChild) : scopes.isPackage(source);
  if (!isModel || node.getChild('type')) return;
  for (const child of childrenOf(node)) {
    if (child.name === 'VariableDefinition') scopes.declare(child, namespace);
    if (child.name === 'ImportGroup') importGroup(scopes, child);
  }
};

const pickedNames = (scopes: Scopes, pattern: SyntaxNode, binding: (name: string) => Binding): void => {
  for (const property of pattern.getChildren('PatternProperty')) {
    const definition = property.getChild('VariableDefinition');
    if (definition)
      scopes.declare(definition, binding(scopes.read(property.getChild('PropertyName') ?? definition)));
  }
};

const variableDeclaration = (scopes: Scopes, node: SyntaxNode, text: string): void => {
  for (const { target, value } of declarators(node)) {
    if (!value) continue;
    if (scopes.isRequire(value)) {
      if (target.name === 'VariableDefinition') scopes.declare(target, namespace);
      else pickedNames(scopes, target, (name) => ({ kind: 'member', name }));
      continue;
    }
    const from = unwrapped(value, text);
    if (target.name === 'ObjectPattern' && from.name === 'VariableName')
      pickedNames(scopes, target, (name) => ({ kind: 'picked', name, from }));
  }
};

/** Which names of a text stand for tfjs or its members, scope by scope. */
export const findBindings = (tree: Tree, text: string): Bindings => {
  const scopes = new Scopes(text);
  tree.iterate({
    enter: ({ name, node }) => {
      if (name === 'VariableDefinition') scopes.declare(node, other);
    },
  });
  tree.iterate({
    enter: ({ name, node }) => {
      if (name === 'ImportDeclaration') importDeclaration(scopes, node);
      if (name === 'VariableDeclaration') variableDeclaration(scopes, node, text);
    },
  });
  return scopes;
};
