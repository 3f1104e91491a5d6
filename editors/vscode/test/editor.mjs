// By hand, and slow (a minute or two): the extension in a real VS Code, as a person sees it, and what `ctxreview init vscode` writes. No part of
// the project's test command.
//
//   npm run package
//   CODE_SERVER=.../node_modules/code-server/out/node/entry.js CTXREVIEW=.../.venv/bin/ctxreview npm run test:editor
//
// CODE_SERVER is npm's code-server, which wants the Node that it names (this script's own is used), compilers and the headers of Kerberos.
// CHROMIUM is the browser (/usr/bin/chromium), SCREENSHOTS a folder for what was seen, a new one unless it is given.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";

const { CODE_SERVER, CTXREVIEW, CHROMIUM = "/usr/bin/chromium" } = process.env;
assert(CODE_SERVER && CTXREVIEW, "CODE_SERVER and CTXREVIEW say where code-server's entry.js and ctxreview are");
const here = resolve(import.meta.dirname, "..");
const example = resolve(process.env.EXAMPLE ?? join(here, "../../examples/record-service"));
const shots = process.env.SCREENSHOTS ?? mkdtempSync(join(tmpdir(), "ctxreview-seen-"));
const folder = mkdtempSync(join(tmpdir(), "ctxreview-vscode-"));
const at = (...names) => join(folder, ...names);

// A checkout that names a program of its own; the person's settings name the true one.
cpSync(example, at("checkout"), { recursive: true });
mkdirSync(at("checkout", ".vscode"));
writeFileSync(at("checkout", "trap"), `#!/bin/sh\ntouch '${at("sprung")}'\n`);
chmodSync(at("checkout", "trap"), 0o755);
writeFileSync(at("checkout", ".vscode", "settings.json"), JSON.stringify({ "ctxreview.path": at("checkout", "trap") }));
const settings = (whose, given) => {
  mkdirSync(at("data", whose), { recursive: true });
  writeFileSync(at("data", whose, "settings.json"), JSON.stringify(given));
};
const machine = (given) => settings("Machine", given);
settings("User", {
  "workbench.startupEditor": "none",
  "security.workspace.trust.enabled": false,
  "extensions.autoCheckUpdates": false,
  "telemetry.telemetryLevel": "off",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
  "terminal.integrated.gpuAcceleration": "off", // what it shows is then text of the page
});
machine({ "ctxreview.path": resolve(CTXREVIEW) });

const port = await new Promise((done) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const given = probe.address().port;
    probe.close(() => done(given));
  });
});
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_API_KEY$|^VSCODE_|^DISPLAY$/.test(name)));
const env = { ...environment, HOME: folder, XDG_DATA_HOME: at("share"), XDG_CONFIG_HOME: at("config") };
mkdirSync(at("config", "Code", "User"), { recursive: true }); // where a VS Code of the desktop has its keys
execFileSync(resolve(CTXREVIEW), ["init", "vscode"], { env, cwd: at("checkout"), stdio: "pipe" });
cpSync(at("config", "Code", "User", "keybindings.json"), at("data", "User", "keybindings.json"));
const places = ["--user-data-dir", at("data"), "--extensions-dir", at("extensions")];
execFileSync(process.execPath, [CODE_SERVER, ...places, "--install-extension", join(here, "ctxreview.vsix")], { env });
const server = spawn(
  process.execPath,
  [
    CODE_SERVER,
    ...places,
    ...["--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check"],
    ...["--disable-workspace-trust", "--disable-getting-started-override", at("checkout")],
  ],
  { env, detached: true, stdio: ["ignore", "pipe", "pipe"] },
);
// What was started from here, and by that.
const started = () => {
  const all = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n").flatMap((row) => {
    const [, pid, parent, args] = /^ *(\d+) +(\d+) (.*)$/.exec(row) ?? [];
    return pid ? [{ pid: Number(pid), parent: Number(parent), args }] : [];
  });
  const ours = [{ pid: server.pid, args: "" }];
  for (const one of ours) ours.push(...all.filter(({ parent }) => parent === one.pid));
  return ours;
};
let log = "";
for (const stream of [server.stdout, server.stderr]) stream.on("data", (data) => (log += data));

let browser;
let seen = 0;
try {
  while (!log.includes("HTTP server listening")) {
    assert.equal(server.exitCode, null, log);
    await new Promise((done) => setTimeout(done, 100));
  }
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const shot = (name) => page.screenshot({ path: join(shots, `${String(++seen).padStart(2, "0")}-${name}.png`) });
  const step = async (name, does) => {
    try {
      await does();
    } catch (error) {
      await shot(`${name.replaceAll(" ", "-")}-FAILED`);
      throw error;
    }
    await page.waitForTimeout(500); // what slides in has arrived
    await shot(name.replaceAll(" ", "-"));
    console.log(`seen: ${name}`);
  };
  const shown = (selector, text) => page.locator(selector, text && { hasText: text }).first().waitFor();
  const gone = (selector, text) =>
    page.locator(selector, text && { hasText: text }).first().waitFor({ state: "detached" });
  const command = async (name) => {
    await page.keyboard.press("F1");
    await page.locator(".quick-input-widget input").fill(`>${name}`);
    await shown(".quick-input-list .monaco-list-row.focused", name.replace(/^.*: /, ""));
    await page.keyboard.press("Enter");
  };
  const quickly = async (text) => {
    await page.keyboard.press("Control+P");
    await page.locator(".quick-input-widget input").fill(text);
    await shown(".quick-input-list .monaco-list-row.focused");
    await page.keyboard.press("Enter");
    await page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  };
  const line = async (number) => quickly(`:${number}:20`); // on code: elsewhere there is no light bulb
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  const notified = (text) => shown(".notification-toast", text);
  const quiet = () => command("Notifications: Clear All Notifications");
  const editor = ".editor-instance";
  const tab = (text) => shown(".tab.active", text);
  const back = async () => {
    await page.keyboard.press("Control+W");
    await tab("RecordService.cs");
  };

  await page.goto(`http://127.0.0.1:${port}/?folder=${at("checkout")}`);
  await shown(".monaco-workbench .explorer-folders-view", "src");
  await quickly("RecordService.cs");

  await step("lens", () => shown(".codelens-decoration", "review with full context"));
  await step("what stands there", () => shown(`${editor} .squiggly-hint`));
  await step("a squiggle as one types", async () => {
    await line(30);
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.keyboard.insertText("lock (this) { }");
    await shown(`${editor} .squiggly-info`);
    await line(31);
    await page.keyboard.press("Alt+F8");
    await shown(".zone-widget", "Does anyone outside lock this object?");
  });
  await step("the squiggle goes with the code", async () => {
    await page.keyboard.press("Escape");
    for (let more = 9; more > 0; more--) await page.keyboard.press("Control+Z"); // what is undone by then is not undone again
    await gone(`${editor} .squiggly-info`);
  });
  await step("hover", async () => {
    await line(32);
    await command("Show or Focus Hover");
    await shown(".monaco-hover", "TransactionScope");
  });
  await step("light bulb", async () => {
    await page.keyboard.press("Escape");
    await line(32);
    await page.keyboard.press("ArrowRight"); // the caret has to move while the editor has the keyboard
    await shown(`${editor} .lightBulbWidget, ${editor} [class*=gutter-lightbulb]`);
    await page.keyboard.press("Control+.");
    for (const title of ["Review with full context", "Copy complete prompt", "Check the clipboard's answer", "Draft intent comment"]) {
      await shown(".action-widget .action", title);
    }
  });
  await step("the prompt is on the clipboard", async () => {
    await page.locator(".action-widget .action", { hasText: "Copy complete prompt" }).click();
    await notified("The prompt is on the clipboard");
    assert.match(await clipboard(), /===== system =====[^]*TransactionScope/);
  });
  await step("a chat's answer is checked", async () => {
    const answer = readFileSync(join(example, "answers", "unsafe-answer.md"), "utf8");
    await page.evaluate((text) => navigator.clipboard.writeText(text), answer);
    await quiet();
    await line(32);
    await command("ctxreview: Check the clipboard's answer");
    await tab("check-1.md");
    await notified("conflicts: 1 suggestion");
    await back();
    await shown(`${editor} .squiggly-error`);
    await page.keyboard.press("F8");
    await shown(".zone-widget", "AsNoTracking detaches");
  });
  await step("a review from a lens", async () => {
    await quiet();
    await page.locator(".codelens-decoration a", { hasText: "TransactionScope" }).first().click();
    await tab("review-1.md");
    await notified("in-scope: method UpdateRecord");
  });
  await step("a comment that undo takes back", async () => {
    await back();
    await quiet();
    await line(32);
    await command("ctxreview: Draft intent comment");
    await shown(`${editor} .view-line`, "// Belongs together");
    await page.locator(`${editor} .view-lines`).first().click();
    await page.keyboard.press("Control+Z");
    await gone(`${editor} .view-line`, "// Belongs together");
  });
  await step("what cannot be done is one sentence", async () => {
    await quiet();
    await page.evaluate(() => navigator.clipboard.writeText(""));
    await command("ctxreview: Check the clipboard's answer");
    await notified("The clipboard has no text; copy the chat's answer first.");
    assert.equal(await page.locator(".notification-toast").count(), 1);
  });
  await step("a server that ends is said", async () => {
    await quiet();
    const [found, ...more] = started().filter(({ args }) => args.endsWith("ctxreview lsp"));
    assert(found && more.length === 0);
    process.kill(found.pid, "SIGKILL");
    await notified("ctxreview ended; the output says why.");
  });
  await step("and started again", async () => {
    await page.locator(".notification-toast a.monaco-button", { hasText: "Restart" }).click();
    await command("ctxreview: Restart the server");
    await shown(`${editor} .squiggly-hint`);
    await shown(".codelens-decoration", "review with full context");
  });
  await step("a program that is not there is said", async () => {
    machine({ "ctxreview.path": "no-such-program" });
    await notified("The program no-such-program was not found.");
    await gone(`${editor} .squiggly-hint`);
  });
  await step("and one that does not start", async () => {
    await quiet();
    const without = at("without");
    writeFileSync(without, "#!/bin/sh\necho 'ctxreview lsp needs pygls, which is not installed.' >&2\nexit 2\n", { mode: 0o755 });
    machine({ "ctxreview.path": without });
    await notified(`${without} did not start: ctxreview lsp needs pygls, which is not installed.`);
    assert.equal(await page.locator(".notification-toast").count(), 1);
    await page.locator(".notification-toast a.monaco-button", { hasText: "Show output" }).click();
    await shown(".output-view .view-line", "ctxreview");
    await command("View: Toggle Panel Visibility");
  });
  await step("it is there again when the settings are right", async () => {
    await quiet();
    machine({ "ctxreview.path": resolve(CTXREVIEW) });
    await shown(`${editor} .squiggly-hint`);
  });
  await step("the keys of init review the line", async () => {
    machine({ "ctxreview.path": "no-such-program" }); // what follows is without the extension
    await notified("The program no-such-program was not found.");
    await quiet();
    await line(32);
    await page.keyboard.press("Control+Alt+R");
    await shown(".terminal-wrapper .xterm-rows", "RecordService.cs:32 --copy");
  });
  await step("and the selection, which cuts words", async () => {
    await line(31);
    await page.keyboard.press("Shift+ArrowDown");
    await page.keyboard.press("Control+Alt+R");
    await shown(".terminal-wrapper .xterm-rows", "src/RecordService.cs:31:17-32:22");
  });
  await step("its task lists findings as problems", async () => {
    await line(32);
    await quickly("task ctxreview: findings in this file");
    await shown(`${editor} .squiggly-info`);
    await command("Problems: Focus on Problems View");
    await shown(".markers-panel .monaco-list-row", "missing-intent");
  });
  assert(!existsSync(at("sprung")), "the checkout's settings named what was started");
  console.log(`All of it was seen; screenshots are in ${shots}`);
} finally {
  await browser?.close();
  if (process.env.KEEP) writeFileSync(join(shots, "log.txt"), log);
  const left = started().map(({ pid }) => pid);
  process.kill(-server.pid, "SIGKILL");
  for (const pid of left) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {} // it went with the group
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
