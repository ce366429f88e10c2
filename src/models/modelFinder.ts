import type { SyntaxNode, Tree } from '@lezer/common';
import { findBindings, type Bindings } from './bindings';
import { findExports, type Exports } from './exportNames';
import {
  childrenOf,
  declarators,
  enclosingFunction,
  isFunction,
  isSame,
  parseCode,
  positions,
  unwrapped,
  wrapped,
  type CodeLanguage,
} from './syntax';

/** A place in code that makes a model. */
export interface ModelDefinition {
  /** The variable, function, `Class.method` or property; `default` for a nameless default export. */
  name: string;
  /** What `file#export` needs; null where the module does not give the model out. */
  exportName: string | null;
  /** `function`: must be called to get the model. */
  kind: 'value' | 'function';
  /** How the module could give it out: by the word `export` before it, by an assignment to `exports`, or not at all. */
  exportBy: 'export' | 'exports' | null;
  /** Zero-based; the declaration, from its first to its last line. */
  line: number;
  column: number;
  endLine: number;
}

interface Found {
  name: string;
  exportName: string | null;
  kind: ModelDefinition['kind'];
  node: SyntaxNode;
}

const constructors = new Set(['sequential', 'model']);
const classes = new Set(['Sequential', 'LayersModel']);

/** Enough to skip the parse of a file that cannot match. */
const mayHoldModel = (text: string): boolean => {
  if (!text.includes('@tensorflow/tfjs')) return false;
  return [...constructors, ...classes].some((name) => text.includes(name));
};

class Finder {
  private readonly bindings: Bindings;
  private readonly exports: Exports;

  constructor(
    private readonly tree: Tree,
    private readonly text: string,
  ) {
    this.bindings = findBindings(tree, text);
    this.exports = findExports(tree, text);
  }

  /** Every declaration that makes a model, outermost first, each once. */
  find(): Found[] {
    const found = new Map<number, Found>();
    const owners = new Map<number, SyntaxNode>();
    const locals: Found[] = [];
    for (const call of this.constructorCalls()) {
      const one = this.declarationOf(call);
      if (!one) continue;
      if (isFunction(one.node) || one.kind === 'function') owners.set(one.node.from, one.node);
      if (enclosingFunction(call) && one.kind === 'value' && one.exportName === null) locals.push(one);
      else if (!found.has(one.node.from)) found.set(one.node.from, one);
    }
    for (const local of locals) {
      const isPart = [...owners.values()].some(
        (owner) => owner.from <= local.node.from && local.node.to <= owner.to,
      );
      if (!isPart && !found.has(local.node.from)) found.set(local.node.from, local);
    }
    return [...found.values()].sort((a, b) => a.node.from - b.node.from);
  }

  /** Calls of the constructors, without those that lie in the arguments of another: these are parts. */
  private constructorCalls(): SyntaxNode[] {
    const calls: SyntaxNode[] = [];
    this.tree.iterate({
      enter: ({ name, node }) => {
        if ((name !== 'CallExpression' && name !== 'NewExpression') || !this.isConstructor(node)) return true;
        calls.push(node);
        return false;
      },
    });
    return calls;
  }

  private isConstructor(call: SyntaxNode): boolean {
    const isNew = call.name === 'NewExpression';
    const callee = childrenOf(call).find((child) => child.name !== 'new');
    const known = isNew ? classes : constructors;
    if (callee?.name === 'VariableName') {
      const binding = this.bindings.resolve(this.read(callee), callee);
      return binding?.kind === 'member' && known.has(binding.name);
    }
    if (callee?.name !== 'MemberExpression') return false;
    const [object, , property] = childrenOf(callee);
    return (
      object?.name === 'VariableName' &&
      property?.name === 'PropertyName' &&
      known.has(this.read(property)) &&
      this.bindings.resolve(this.read(object), object)?.kind === 'namespace'
    );
  }

  /** The declaration that holds a value: a model's constructor call, or a function that returns one. */
  private declarationOf(value: SyntaxNode): Found | null {
    const outer = wrapped(value, this.text);
    const parent = outer.parent;
    if (!parent) return null;
    if (value.name === 'FunctionDeclaration') return this.namedFunction(value);
    if (value.name === 'MethodDeclaration') return this.method(value);
    if (value.name === 'Property') return this.property(value, 'function');
    const kind = isFunction(value) ? 'function' : 'value';
    if (
      parent.name === 'ReturnStatement' ||
      (parent.name === 'ArrowFunction' && isSame(parent.lastChild, outer))
    ) {
      const maker = enclosingFunction(outer);
      return kind === 'value' && maker ? this.declarationOf(maker) : null;
    }
    if (parent.name === 'VariableDeclaration') return this.variable(parent, outer, kind);
    if (parent.name === 'AssignmentExpression') return this.assignment(parent, kind);
    if (parent.name === 'ExportDeclaration')
      return { name: 'default', exportName: 'default', kind, node: parent };
    if (parent.name === 'Property') return this.property(parent, kind);
    if (parent.name === 'PropertyDeclaration') return this.method(parent, kind);
    return null;
  }

  private namedFunction(node: SyntaxNode): Found {
    const definition = node.getChild('VariableDefinition');
    const name = definition ? this.read(definition) : 'default';
    return { name, kind: 'function', ...this.place(name, node) };
  }

  private variable(declaration: SyntaxNode, value: SyntaxNode, kind: Found['kind']): Found | null {
    const target = declarators(declaration).find((one) => isSame(one.value, value))?.target;
    if (target?.name !== 'VariableDefinition') return null;
    const name = this.read(target);
    const maker = enclosingFunction(declaration);
    if (kind === 'value' && maker && this.returns(maker, name)) return this.declarationOf(maker);
    const isFirst = isSame(declarators(declaration)[0]?.target ?? null, target);
    const place = this.place(name, declaration);
    return { name, kind, ...place, node: isFirst ? place.node : target };
  }

  private assignment(expression: SyntaxNode, kind: Found['kind']): Found | null {
    const target = expression.firstChild;
    if (!target) return null;
    const exported = this.exports.assigned(target);
    if (exported) return { name: exported, exportName: exported, kind, node: expression };
    const held = target.name === 'MemberExpression' ? this.held(expression, target, kind) : null;
    if (held) return held;
    const name = this.read(target);
    const maker = enclosingFunction(expression);
    if (target.name === 'VariableName' && maker && kind === 'value' && this.returns(maker, name))
      return this.declarationOf(maker);
    const exportName =
      maker || target.name !== 'VariableName' ? null : (this.exports.names.get(name) ?? null);
    return { name, exportName, kind, node: expression };
  }

  private property(property: SyntaxNode, kind: Found['kind']): Found | null {
    const key = property.getChild('PropertyDefinition');
    const object = property.parent;
    if (!key || object?.name !== 'ObjectExpression') return null;
    const name = this.read(key);
    const outer = wrapped(object, this.text).parent;
    const target = outer?.name === 'AssignmentExpression' ? outer.firstChild : null;
    const isExports = target !== null && this.exports.assigned(target) === 'default';
    return { name, exportName: isExports ? name : null, kind, node: property };
  }

  /** A method of a class, which the engine reaches through the class: `Class.method`. */
  private method(member: SyntaxNode, kind: Found['kind'] = 'function'): Found | null {
    const key = member.getChild('PropertyDefinition');
    return key ? this.member(this.read(key), member.parent?.parent, kind, member) : null;
  }

  private member(
    key: string,
    owner: SyntaxNode | null | undefined,
    kind: Found['kind'],
    node: SyntaxNode,
  ): Found {
    const isClass = owner?.name === 'ClassDeclaration';
    const definition = isClass ? owner.getChild('VariableDefinition') : null;
    const name = definition ? this.read(definition) : null;
    const given = isClass ? this.place(name ?? 'default', owner).exportName : null;
    return {
      name: name === null ? key : `${name}.${key}`,
      exportName: given === null ? null : `${given}.${key}`,
      kind,
      node,
    };
  }

  /** `this.model = …` in a constructor: a property of what the class makes. */
  private held(expression: SyntaxNode, target: SyntaxNode, kind: Found['kind']): Found | null {
    const [object, , property] = childrenOf(target);
    const maker = enclosingFunction(expression);
    const key = maker?.name === 'MethodDeclaration' ? maker.getChild('PropertyDefinition') : null;
    if (object?.name !== 'this' || !property || !key || this.read(key) !== 'constructor') return null;
    return this.member(this.read(property), maker?.parent?.parent, kind, expression);
  }

  /** Whether a function gives the variable back as it is, in a return of its own. */
  private returns(maker: SyntaxNode, name: string): boolean {
    let isReturned = false;
    maker.cursor().iterate(({ node }) => {
      if (isReturned || (isFunction(node) && !isSame(node, maker))) return false;
      if (node.name !== 'ReturnStatement') return true;
      const value = childrenOf(node).find((child) => child.name !== 'return' && child.name !== ';');
      const plain = value ? unwrapped(value, this.text) : null;
      isReturned = plain?.name === 'VariableName' && this.read(plain) === name;
      return false;
    });
    return isReturned;
  }

  /** Node and export name of a declaration that may stand behind `export`. */
  private place(name: string, declaration: SyntaxNode): { node: SyntaxNode; exportName: string | null } {
    const parent = declaration.parent;
    if (parent?.name === 'ExportDeclaration')
      return { node: parent, exportName: parent.getChild('default') ? 'default' : name };
    const isTop = parent?.name === 'Script';
    return { node: declaration, exportName: isTop ? (this.exports.names.get(name) ?? null) : null };
  }

  /** Only a plain declaration at the top of a module can be given out by a word or a line more. */
  exportBy({ node, exportName }: Found): ModelDefinition['exportBy'] {
    const isPlain = node.name === 'VariableDeclaration' || node.name === 'FunctionDeclaration';
    if (exportName !== null || !isPlain || node.parent?.name !== 'Script') return null;
    const { topNode } = this.tree;
    return topNode.getChild('ImportDeclaration') || topNode.getChild('ExportDeclaration')
      ? 'export'
      : 'exports';
  }

  private read(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }
}

/** The models that a TypeScript or JavaScript text makes with tfjs-layers. Never throws on broken text. */
export const findModels = (text: string, language: CodeLanguage): ModelDefinition[] => {
  if (!mayHoldModel(text)) return [];
  const at = positions(text);
  const finder = new Finder(parseCode(text, language), text);
  return finder.find().map((one) => ({
    name: one.name,
    exportName: one.exportName,
    kind: one.kind,
    exportBy: finder.exportBy(one),
    ...at(one.node.from),
    endLine: at(one.node.to).line,
  }));
};
