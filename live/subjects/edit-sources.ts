// A preload for a process that is to run other sources than those on the disk: each edit of its environment replaces one
// place of one file as that file is loaded. The files on the disk stay as they are, and so does every other process.
//
// Edits come in the environment and not by name: who knows the catalogue of defects imports half of the project, and what
// was imported before this module has done its work could not be edited any more.
import { registerHooks } from "node:module";

interface SourceEdit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const root = new URL("../../", import.meta.url).href;
const given = JSON.parse(process.env.SEATRIAL_SOURCE_EDITS ?? "[]") as readonly SourceEdit[];

registerHooks({
  load(url, context, next) {
    const read = next(url, context);
    if (!url.startsWith(root)) return read;
    const file = url.slice(root.length);
    const edits = given.filter((edit) => edit.file === file);
    if (edits.length === 0) return read;
    return { ...read, source: edits.reduce(edited, String(read.source)) };
  },
});

function edited(source: string, { file, find, replace }: SourceEdit): string {
  const parts = source.split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(`expected this once in ${file}, found it ${parts.length - 1} times:\n${find}`);
}
