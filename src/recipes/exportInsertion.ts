import type { ModelDefinition } from '../models/modelFinder';

/** Where a text goes into a document; zero-based. */
export interface Insertion {
  line: number;
  column: number;
  text: string;
}

/** What makes a module give out a definition that it keeps to itself, in the module's own spelling. */
export const exportInsertion = (document: string, definition: ModelDefinition): Insertion => {
  const { name, exportBy, line, column } = definition;
  if (exportBy === 'export') return { line, column, text: 'export ' };
  const lines = document.split('\n');
  const last = lines.at(-1) ?? '';
  const text = `exports.${name} = ${name};\n`;
  return { line: lines.length - 1, column: last.length, text: last === '' ? text : `\n${text}` };
};
