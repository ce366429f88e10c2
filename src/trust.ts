import * as vscode from 'vscode';

/** Whether code of the workspace may run; says what is needed where it may not. */
export const requireTrust = async (): Promise<boolean> => {
  if (vscode.workspace.isTrusted) return true;
  const manage = 'Manage Workspace Trust';
  const chosen = await vscode.window.showWarningMessage(
    'Retort runs the model code of this folder, which is in Restricted Mode. Trust the folder to go on.',
    manage,
  );
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  return false;
};
