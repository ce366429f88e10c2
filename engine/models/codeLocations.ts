import { SourceMap, type SourceMapPayload } from 'node:module';
import { parser } from '@lezer/javascript';
import type { CodeLocation } from '../contract/model';

type Tree = ReturnType<typeof parser.parse>;

interface Source {
  text: string;
  lineStarts: number[];
  tree: Tree;
}

const dialect = (file: string): string => {
  if (/\.[mc]?ts$/i.test(file)) return 'ts';
  return /\.tsx$/i.test(file) ? 'ts jsx' : 'jsx';
};

const readSource = (file: string, text: string): Source => {
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  return { text, lineStarts, tree: parser.configure({ dialect: dialect(file) }).parse(text) };
};

const lineAt = (source: Source, offset: number): number =>
  source.lineStarts.findLastIndex((start) => start <= offset);

/** The call whose callee holds `offset`, from the start of the callee to the closing parenthesis. */
const callAround = (source: Source, offset: number): { from: number; to: number } | null => {
  for (let node = source.tree.resolveInner(offset, 1).node; ;) {
    if (node.name === 'CallExpression' || node.name === 'NewExpression') {
      const args = node.getChild('ArgList');
      if (!args || args.from > offset) return { from: node.from, to: node.to };
    }
    if (!node.parent) return null;
    node = node.parent;
  }
};

/** Positions of built code, in the files that the user wrote. */
export class CodeLocations {
  private readonly map: SourceMap;
  private readonly files: readonly string[];
  private readonly sources = new Map<string, Source>();

  /** `files`: the paths behind the map's sources, as the user knows them. */
  constructor(
    private readonly payload: SourceMapPayload,
    files: (source: string) => string,
  ) {
    this.map = new SourceMap(payload);
    this.files = payload.sources.map(files);
  }

  /** The user's position behind a one-based position of the built code, as stack traces count; zero-based. */
  original(line: number, column: number): { file: string; line: number; column: number } | null {
    const entry = this.map.findEntry(line - 1, column - 1);
    if (!('originalSource' in entry)) return null;
    const { originalSource, originalLine, originalColumn } = entry;
    const file = this.files[this.payload.sources.indexOf(originalSource)];
    return file === undefined ? null : { file, line: originalLine, column: originalColumn };
  }

  /** The whole call expression around a position, where the source still parses there. */
  call(line: number, column: number): CodeLocation | null {
    const position = this.original(line, column);
    if (!position) return null;
    const source = this.source(position.file);
    const start = source?.lineStarts[position.line];
    const call = source && start !== undefined ? callAround(source, start + position.column) : null;
    if (!source || !call) return { ...position, endLine: position.line };
    const from = lineAt(source, call.from);
    return {
      file: position.file,
      line: from,
      column: call.from - (source.lineStarts[from] ?? 0),
      endLine: lineAt(source, call.to),
    };
  }

  private source(file: string): Source | null {
    const known = this.sources.get(file);
    if (known) return known;
    const text = this.payload.sourcesContent[this.files.indexOf(file)];
    if (text === undefined) return null;
    const source = readSource(file, text);
    this.sources.set(file, source);
    return source;
  }
}
