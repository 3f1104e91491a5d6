import { once } from "node:events";
import { homedir } from "node:os";
import type { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { type ExtensionContext, LanguageStatusSeverity, commands, languages, window, workspace } from "vscode";
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, State } from "vscode-languageclient/node";
import { middleware } from "./commands";
import { find } from "./executable";

const RESTART = "ctxreview.restart";
const OUTPUT = "ctxreview.output";
const output = window.createOutputChannel("ctxreview", { log: true });
const status = languages.createLanguageStatusItem("ctxreview", { language: "csharp" });
let client: Client | undefined;
let turn: Promise<void> = Promise.resolve();

export async function activate(context: ExtensionContext): Promise<void> {
  status.name = "ctxreview";
  context.subscriptions.push(
    output,
    status,
    commands.registerCommand(RESTART, () => inTurn(restart)),
    commands.registerCommand(OUTPUT, () => output.show()),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("ctxreview")) void inTurn(restart);
    }),
  );
  await inTurn(restart);
}

export function deactivate(): Promise<void> {
  return inTurn(stop);
}

/** One after the other: a server that is about to start is not stopped halfway. */
function inTurn(does: () => Promise<void>): Promise<void> {
  turn = turn.then(does).catch((error: unknown) => output.error(String(error)));
  return turn;
}

async function restart(): Promise<void> {
  await stop();
  const settings = workspace.getConfiguration("ctxreview");
  const given = settings.get("path", "ctxreview");
  const command = find(given, process.env["PATH"]);
  if (command === undefined) {
    say("not found", LanguageStatusSeverity.Error);
    void ask(
      `The program ${given} was not found. Install it with pip install 'ctxreview[lsp]', or give its absolute path as ctxreview.path in your settings.`,
      "Open settings",
      () => commands.executeCommand("workbench.action.openSettings", "ctxreview.path"),
    );
    return;
  }
  say("starting", LanguageStatusSeverity.Information);
  const made = serving(command, settings.get<string[]>("arguments", []));
  client = made;
  try {
    await made.start();
  } catch {
    await stop();
    say("did not start", LanguageStatusSeverity.Error);
    const why = (await made.lastWords()) || "the output says why.";
    void ask(`${command} did not start: ${why}`, "Show output", () => output.show());
  }
}

async function stop(): Promise<void> {
  const running = client;
  client = undefined;
  await running?.dispose().catch(() => undefined); // one that never ran cannot be stopped; of others it is in the output
}

/** What goes wrong is said once, by a sentence of ours; what the client says of it is in the output. */
class Client extends LanguageClient {
  private told = "";
  private silent: Promise<unknown> = Promise.resolve();

  /** Keeps what the program says on standard error, which is for people. */
  listen(errors: Readable): void {
    this.silent = once(errors, "close");
    errors.setEncoding("utf8").on("data", (text: string) => {
      this.told = (this.told + text).slice(-10_000);
      output.append(text);
    });
  }

  /** The last line of that, once there is no more of it. */
  async lastWords(): Promise<string> {
    await Promise.race([this.silent, setTimeout(2000)]);
    return this.told.trimEnd().split("\n").at(-1) ?? "";
  }

  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** A client of the server. It starts at home and not in the folder that is open: nothing there is to be run or imported. */
function serving(command: string, options: string[]): Client {
  const made: Client = new Client(
    "ctxreview",
    "ctxreview",
    { command, args: ["lsp", ...options], options: { cwd: homedir() } },
    {
      documentSelector: [
        { language: "csharp", scheme: "file" },
        { language: "csharp", scheme: "untitled" },
      ],
      initializationOptions: { clipboard: true },
      diagnosticPullOptions: { onChange: true },
      outputChannel: output,
      stdioOptions: { stdout: () => undefined, stderr: (errors) => made.listen(errors) },
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      middleware: middleware(() => client),
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          if (made.state === State.Running) ended();
          return { action: CloseAction.DoNotRestart, handled: true };
        },
      },
    },
  );
  made.onDidChangeState(({ newState }) => {
    const runs = newState === State.Running;
    if (runs) say("running", LanguageStatusSeverity.Information);
    void commands.executeCommand("setContext", "ctxreview.running", runs);
  });
  return made;
}

/** The server is gone, and nobody asked it to go. */
function ended(): void {
  say("ended", LanguageStatusSeverity.Error);
  void ask("ctxreview ended; the output says why.", "Restart", () => commands.executeCommand(RESTART));
}

function say(word: string, severity: LanguageStatusSeverity): void {
  status.text = `ctxreview: ${word}`;
  status.severity = severity;
  status.busy = word === "starting";
  status.command = { title: "Restart", command: RESTART };
}

async function ask(message: string, button: string, does: () => unknown): Promise<void> {
  if ((await window.showErrorMessage(message, button)) === button) does();
}
