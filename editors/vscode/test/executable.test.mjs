// Where the program is looked for, and where it is not.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { find } from "../src/executable.ts";

const folder = mkdtempSync(join(tmpdir(), "ctxreview-test-"));
after(() => rmSync(folder, { recursive: true }));
const [first, second] = ["first", "second"].map((name) => {
  mkdirSync(join(folder, name));
  return join(folder, name);
});
const made = (path, mode = 0o755) => {
  writeFileSync(path, "");
  chmodSync(path, mode);
  return path;
};

test("a name is looked for on PATH, and what is no program there is passed over", () => {
  mkdirSync(join(first, "tool"));
  const tool = made(join(second, "tool"));
  assert.equal(find("tool", [first, second].join(delimiter), false), tool);
  made(join(first, "text"), 0o644);
  assert.equal(find("text", first, false), undefined);
  assert.equal(find("tool", undefined, false), undefined);
});

test("an absolute path is taken as it is", () => {
  const tool = made(join(first, "exact"));
  assert.equal(find(tool, undefined, false), tool);
  assert.equal(find(join(first, "nothing"), first, false), undefined);
});

test("what depends on the current folder counts as nothing", () => {
  const here = process.cwd();
  process.chdir(first);
  try {
    made(join(first, "near"));
    for (const path of ["", ".", delimiter, `.${delimiter}`]) assert.equal(find("near", path, false), undefined);
    for (const given of ["./near", "../first/near", ".\\near", ""]) assert.equal(find(given, first, false), undefined);
  } finally {
    process.chdir(here);
  }
});

test("on Windows a program ends in .exe, whether that is said or not", () => {
  const tool = made(join(second, "win.exe"));
  made(join(first, "win"));
  made(join(first, "win.cmd"));
  for (const given of ["win", "win.exe", join(second, "win")]) {
    assert.equal(find(given, [first, second].join(delimiter), true), tool);
  }
});
