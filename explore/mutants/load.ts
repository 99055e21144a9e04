// Brings a mutant to life: loads the protocol's modules once more, with the mutant's edits in their source. Module
// addresses carry the mutant's name (`binding.ts?mutant=guard-missing`), so a mutant and the reference live side by side
// in one process and share no class, and what the reference loaded stays what it is.
//
// Switches inside the references were rejected: they would be reachable from production, and the code that is under test
// would be full of the defects that it does not have.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import type { SimProtocol } from "../../sim/world/protocol.ts";
import type { Mutant, SourceEdit } from "./mutant.ts";

/** What a mutant has copies of: everything that a protocol's devices and servers are made of. */
const copied =
  /^(?:protocol|reference-server|reference-client|actors|sim\/(?:waveflow|tasklists|notes|supersync))\//u;

const root = new URL("../../", import.meta.url).href;
const parameter = "mutant";
const loaded = new Map<string, Mutant>();
let isHooked = false;

/** The protocol's binding with the mutant's defect in it: its binding to the simulation, or to another world.
 *  Errors: `EditMisplaced` when an edit does not fit its file exactly once. */
export async function loadMutant<Binding = SimProtocol>(
  binding: { readonly module: URL; readonly name: string },
  mutant: Mutant,
): Promise<Binding> {
  checkEdits(mutant);
  hook();
  loaded.set(mutant.name, mutant);
  const module = (await import(`${binding.module.href}?${parameter}=${mutant.name}`)) as Record<
    string,
    unknown
  >;
  return module[binding.name] as Binding;
}

/** An edit of a mutant does not fit the source as it stands now. */
export class EditMisplaced extends Error {
  readonly code = "edit_misplaced";
  override readonly name = "EditMisplaced";
}

/** Errors: `EditMisplaced`. */
export function checkEdits(mutant: Mutant): void {
  for (const edit of mutant.edits) {
    if (!copied.test(edit.file)) {
      throw new EditMisplaced(`mutant ${mutant.name}: ${edit.file} is no part of a reference`);
    }
    applyEdit(mutant, edit, readFileSync(new URL(edit.file, root), "utf8"));
  }
}

function applyEdit(mutant: Mutant, { file, find, replace }: SourceEdit, source: string): string {
  const parts = source.split(find);
  if (parts.length === 2 && find !== replace) return parts.join(replace);
  throw new EditMisplaced(
    `mutant ${mutant.name}: expected to find this once in ${file}, found it ${parts.length - 1} times:\n${find}`,
  );
}

function hook(): void {
  if (isHooked) return;
  isHooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const name = nameIn(context.parentURL);
      if (name === undefined || !resolved.url.startsWith(root) || nameIn(resolved.url) !== undefined)
        return resolved;
      if (!copied.test(resolved.url.slice(root.length))) return resolved;
      return { ...resolved, url: `${resolved.url}?${parameter}=${name}` };
    },
    load(url, context, next) {
      const read = next(url, context);
      const mutant = loaded.get(nameIn(url) ?? "");
      if (mutant === undefined) return read;
      const file = url.slice(root.length, url.indexOf("?"));
      const edits = mutant.edits.filter((edit) => edit.file === file);
      if (edits.length === 0) return read;
      const source = edits.reduce((text, edit) => applyEdit(mutant, edit, text), String(read.source));
      return { ...read, source };
    },
  });
}

function nameIn(url: string | undefined): string | undefined {
  const at = url?.indexOf(`?${parameter}=`) ?? -1;
  return at < 0 ? undefined : url!.slice(at + parameter.length + 2);
}
