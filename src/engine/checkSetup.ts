import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { version } from '../../engine/contract/version';
import { toFailure } from '../failureMessage';
import type { Services } from '../services';
import { requireTrust } from '../trust';
import { setupReport, type SetupFacts } from './setupReport';

/** Starts the engine if need be, and shows what it found. */
export const checkSetup = async ({ engine, findRuntime }: Services): Promise<void> => {
  if (!(await requireTrust())) return;
  const location = vscode.ProgressLocation.Notification;
  const facts = await vscode.window.withProgress(
    { location, title: 'Retort: starting the engine' },
    async (): Promise<SetupFacts> => ({
      extension: version,
      editor: `${vscode.env.appName} ${vscode.version}`,
      platform: `${process.platform} ${process.arch}`,
      runtime: await findRuntime().catch(toFailure),
      hello: await engine.hello().catch(toFailure),
    }),
  );
  const content = setupReport(facts, homedir());
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.window.showTextDocument(document, { preview: true });
};
