import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/**
 * The absolute path of a program, or undefined where there is none.
 *
 * A name is looked for on PATH here and not by the system: on Windows that would begin in the folder which is open, and
 * what is in there is not to be run. For the same reason a relative path, and a relative entry of PATH, count as nothing.
 */
export function find(given: string, path: string | undefined, windows = process.platform === "win32"): string | undefined {
  if (isAbsolute(given)) return named(given, windows).find(runs);
  if (given === "" || /[\\/]/.test(given)) return undefined;
  const folders = (path ?? "").split(delimiter).filter(isAbsolute);
  return folders.flatMap((folder) => named(join(folder, given), windows)).find(runs);
}

function named(path: string, windows: boolean): string[] {
  return windows && !/\.exe$/i.test(path) ? [`${path}.exe`] : [path];
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
