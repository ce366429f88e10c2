import type { Task } from '../../engine/contract/recipe';
import type { DataNames } from './dataNames';
import type { TableColumn } from './tableColumns';

/** The data section of a recipe with absolute paths. */
export type DataSource = (
  | { kind: 'folders'; path: string; testPath?: string }
  | ({ kind: 'idx' | 'arrays' } & DataNames)
  | { kind: 'masks'; images: string; masks: string }
  | { kind: 'voc'; images: string; annotations: string }
  | { kind: 'coco'; images: string; annotations: string; testImages?: string; testAnnotations?: string }
  | { kind: 'csv'; path: string; target: string; image?: string; columns?: string[] }
) & { input?: { divide: number } };

export interface DataChoice {
  /** Short: the folder's or the file's name. */
  label: string;
  detail: string;
  /** What can be learnt from it. */
  task: Task;
  /** Of a table: what can be predicted is asked for. */
  columns?: readonly TableColumn[];
  source: DataSource;
}

/** Names of what lies directly in a folder. */
export interface FolderContents {
  folders: string[];
  files: string[];
}
