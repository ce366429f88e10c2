import type { SyntaxNode, Tree } from '@lezer/common';
import type { ModelDefinition } from './modelFinder';
import { findPythonBindings, type PythonBindings } from './pythonBindings';
import { assignmentOf, enclosingMaker, isMaker, parsePython, unwrapped, wrapped } from './pythonSyntax';
import { childrenOf, isSame, positions } from './syntax';

interface Found {
  name: string;
  kind: ModelDefinition['kind'];
  /** False for what an import of the file does not leave behind under that name. */
  isReachable: boolean;
  node: SyntaxNode;
}

/** However Keras was imported: on its own, as TensorFlow's, or the older one beside it. */
const constructor =
  /^(?:tensorflow(?:\.compat\.v[12])?(?:\.python)?\.keras|keras|tf_keras)(?:\.(?:models|engine|training|functional|sequential|src|api))*\.(Sequential|Model)$/;

/** Enough to skip the parse of a file that cannot match. */
const mayHoldModel = (text: string): boolean => text.includes('keras') && /Sequential|Model/.test(text);

/** Of a call, each without its commas. */
const argumentsOf = (call: SyntaxNode): SyntaxNode[][] => {
  const list = call.getChild('ArgList');
  const parts: SyntaxNode[][] = [[]];
  for (const child of list ? childrenOf(list) : []) {
    if (child.name === ',') parts.push([]);
    else if (child.name !== '(' && child.name !== ')') parts.at(-1)?.push(child);
  }
  return parts.filter((part) => part.length > 0);
};

/** Around a function: its decorators. */
const decorated = (node: SyntaxNode): SyntaxNode =>
  node.parent?.name === 'DecoratedStatement' ? node.parent : node;

const ancestors = (node: SyntaxNode): SyntaxNode[] => {
  const found: SyntaxNode[] = [];
  for (let parent = node.parent; parent; parent = parent.parent) found.push(parent);
  return found;
};

class PythonFinder {
  private readonly bindings: PythonBindings;

  constructor(
    private readonly tree: Tree,
    private readonly text: string,
  ) {
    this.bindings = findPythonBindings(tree, text);
  }

  /** Every declaration that makes a model, each once; of several under one name, what the name ends up as. */
  find(): Found[] {
    const all = this.constructorCalls().flatMap((call) => this.declarationOf(call) ?? []);
    const makers = all.filter(({ kind }) => kind === 'function').map(({ node }) => node);
    const kept = new Map<string, Found>();
    for (const one of all) {
      const isPart = makers.some((maker) => maker.from < one.node.from && one.node.to <= maker.to);
      if (isPart) continue;
      const key = one.isReachable ? one.name : `${one.name} at ${one.node.from}`;
      kept.set(key, one);
    }
    return [...kept.values()].sort((a, b) => a.node.from - b.node.from);
  }

  /** Calls of the constructors, without those that lie in the arguments of another: these are parts. */
  private constructorCalls(): SyntaxNode[] {
    const calls: SyntaxNode[] = [];
    this.tree.iterate({
      enter: ({ name, node }) => {
        if (name !== 'CallExpression' || !this.isConstructor(node)) return true;
        calls.push(node);
        return false;
      },
    });
    return calls;
  }

  /** `Model()` without inputs and outputs is no network. */
  private isConstructor(call: SyntaxNode): boolean {
    const callee = call.firstChild;
    const [, name] = constructor.exec((callee && this.bindings.wholeName(callee)) ?? '') ?? [];
    if (name !== 'Model') return name === 'Sequential';
    const given = argumentsOf(call);
    return given.length >= 2 && given.every(([first]) => first?.name !== '*' && first?.name !== '**');
  }

  /** The declaration that holds a value: a model's constructor call, or a lambda that gives one. */
  private declarationOf(value: SyntaxNode): Found | null {
    const outer = wrapped(value);
    const parent = outer.parent;
    if (!parent) return null;
    const kind = isMaker(value) ? 'function' : 'value';
    if (parent.name === 'LambdaExpression' && isSame(parent.lastChild, outer))
      return kind === 'value' ? this.declarationOf(parent) : null;
    if (parent.name === 'ReturnStatement') return kind === 'value' ? this.returned(parent) : null;
    return parent.name === 'AssignStatement' ? this.assigned(parent, outer, kind) : null;
  }

  /** `return model`, but not `return model, base`. */
  private returned(statement: SyntaxNode): Found | null {
    const maker = enclosingMaker(statement);
    return maker && childrenOf(statement).length === 2 ? this.namedFunction(maker) : null;
  }

  private namedFunction(maker: SyntaxNode): Found | null {
    const name = maker.getChild('VariableName');
    if (maker.name !== 'FunctionDefinition' || !name) return null;
    const node = decorated(maker);
    const around = ancestors(node);
    const owner = around.find((one) => one.name === 'ClassDefinition');
    const own = this.read(name);
    return {
      name: owner ? `${this.read(owner.getChild('VariableName') ?? name)}.${own}` : own,
      kind: 'function',
      isReachable: !maker.getChild('async') && this.isLeftBehind(around),
      node,
    };
  }

  private assigned(statement: SyntaxNode, value: SyntaxNode, kind: Found['kind']): Found | null {
    const assignment = assignmentOf(statement);
    const target = assignment.targets.find((one) => one.name === 'VariableName');
    if (!isSame(assignment.value, value) || !target || isSplit(statement)) return null;
    const name = this.read(target);
    const maker = enclosingMaker(statement);
    if (maker && kind === 'value' && this.returns(maker, name)) return this.namedFunction(maker);
    return { name, kind, isReachable: this.isLeftBehind(ancestors(statement)), node: statement };
  }

  /** Whether an import of the file leaves a name behind: not in a function or a class, nor where only a script gets. */
  private isLeftBehind(around: readonly SyntaxNode[]): boolean {
    return around.every(
      (one) =>
        !isMaker(one) &&
        one.name !== 'ClassDefinition' &&
        !(one.name === 'IfStatement' && this.asksForMain(one)),
    );
  }

  private asksForMain(statement: SyntaxNode): boolean {
    const condition = statement.firstChild?.nextSibling;
    return condition ? this.read(condition).includes('__name__') : false;
  }

  /** Whether a function gives the variable back as it is, in a return of its own. */
  private returns(maker: SyntaxNode, name: string): boolean {
    let isReturned = false;
    maker.cursor().iterate(({ node }) => {
      if (isReturned || (isMaker(node) && !isSame(node, maker))) return false;
      if (node.name !== 'ReturnStatement') return true;
      const [, value, ...more] = childrenOf(node);
      const plain = value && more.length === 0 ? unwrapped(value) : null;
      isReturned = plain?.name === 'VariableName' && this.read(plain) === name;
      return false;
    });
    return isReturned;
  }

  private read(node: SyntaxNode): string {
    return this.text.slice(node.from, node.to);
  }
}

/** `a, b = …` takes a value apart. */
const isSplit = (statement: SyntaxNode): boolean => statement.getChild(',') !== null;

/** The models that a Python text makes with Keras, sequential or functional. Never throws on broken text. */
export const findPythonModels = (text: string): ModelDefinition[] => {
  if (!mayHoldModel(text)) return [];
  const at = positions(text);
  return new PythonFinder(parsePython(text), text).find().map(({ name, kind, isReachable, node }) => ({
    name,
    exportName: isReachable ? name : null,
    kind,
    exportBy: null,
    ...at(node.from),
    endLine: at(node.to).line,
  }));
};
