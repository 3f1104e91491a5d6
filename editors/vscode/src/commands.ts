import { CancellationError, env, window } from "vscode";
import type { ExecuteCommandMiddleware, ExecuteCommandSignature, LanguageClient } from "vscode-languageclient/node";

/**
 * What the server's commands need on this side: a place where the palette gives none, and the clipboard, which is the
 * person's and not that of the machine where the files are.
 */
export function middleware(client: () => LanguageClient | undefined): ExecuteCommandMiddleware {
  return {
    async executeCommand(command: string, args: unknown[], next: ExecuteCommandSignature): Promise<unknown> {
      try {
        const given = args.length > 0 ? args : place(client());
        if (given === undefined) return undefined;
        if (command !== "ctxreview.check" || given.length > 2) return await copied(command, await next(command, given));
        return await next(command, [...given, await env.clipboard.readText()]);
      } catch (error) {
        if (!(error instanceof CancellationError)) {
          void window.showErrorMessage(error instanceof Error ? error.message : String(error));
        }
        return undefined;
      }
    },
  };
}

/** Where the person is: the address of the file and the selection, as the server counts. */
function place(client: LanguageClient | undefined): unknown[] | undefined {
  const editor = window.activeTextEditor;
  if (client === undefined || editor === undefined) return undefined;
  const convert = client.code2ProtocolConverter;
  return [convert.asUri(editor.document.uri), convert.asRange(editor.selection)];
}

async function copied(command: string, result: { text: string; sentence: string }): Promise<unknown> {
  if (command === "ctxreview.prompt") {
    await env.clipboard.writeText(result.text);
    void window.showInformationMessage(`The prompt is on the clipboard: ${result.sentence}`);
  }
  return result;
}
