import type { SyntaxNode, Tree } from '@lezer/common';
import { childrenOf, unwrapped } from './syntax';

/** `default` stands for an ES default export and for `module.exports = …`. */
export interface Exports {
  /** Local name to exported name. */
  names: ReadonlyMap<string, string>;
  /** The exported name that a value assigned to `target` gets (`exports.a`, `module.exports`); null for another target. */
  assigned(target: SyntaxNode): string | null;
}

const assignedName = (target: string): string | null => {
  const path = target.replace(/\s/g, '').split('.');
  if (path[0] === 'module' && path[1] === 'exports') path.shift();
  if (path[0] !== 'exports' || path.length > 2) return null;
  if (path.length === 2) return path[1] ?? null;
  return target.includes('module') ? 'default' : null;
};

const groupNames = (group: SyntaxNode, read: (node: SyntaxNode) => string): [string, string][] => {
  const pairs: string[][] = [[]];
  for (const child of childrenOf(group)) {
    if (child.name === ',') pairs.push([]);
    else if (child.name === 'VariableName' || child.name === 'default') pairs.at(-1)?.push(read(child));
  }
  return pairs.flatMap(([local, exported]) =>
    local ? [[local, exported ?? local] as [string, string]] : [],
  );
};

const objectNames = (object: SyntaxNode, read: (node: SyntaxNode) => string): [string, string][] =>
  object.getChildren('Property').flatMap((property) => {
    const name = property.getChild('PropertyDefinition');
    const value = property.lastChild;
    if (!name || !value || (value.name !== 'VariableName' && value.name !== 'PropertyDefinition')) return [];
    return [[read(value), read(name)] as [string, string]];
  });

/** Which names a module gives out, in ES and CommonJS spelling. */
export const findExports = (tree: Tree, text: string): Exports => {
  const names = new Map<string, string>();
  const read = (node: SyntaxNode): string => text.slice(node.from, node.to);
  const add = (pairs: [string, string][]): void => {
    for (const [local, exported] of pairs)
      if (!names.has(local) || names.get(local) === 'default') names.set(local, exported);
  };
  const assigned = (target: SyntaxNode): string | null => assignedName(read(target));
  tree.iterate({
    enter: ({ name, node }) => {
      if (name === 'ExportDeclaration' && !node.getChild('String')) {
        const group = node.getChild('ExportGroup');
        if (group) add(groupNames(group, read));
        const value = node.getChild('default') ? node.getChild('VariableName') : null;
        if (value) add([[read(value), 'default']]);
      }
      if (name === 'AssignmentExpression' && node.firstChild && node.lastChild) {
        const exported = assigned(node.firstChild);
        const value = unwrapped(node.lastChild, text);
        if (exported && value.name === 'VariableName') add([[read(value), exported]]);
        if (exported === 'default' && value.name === 'ObjectExpression') add(objectNames(value, read));
      }
    },
  });
  return { names, assigned };
};
