// The prepared statements and portals of one connection: which text an Execute stands for. Kept as long as the backend
// keeps them, so the memory is bounded by what the backend itself holds.
import type { WireStatement } from "./events.ts";
import { commandsOf, normaliseText } from "./sql-text.ts";

export interface Prepared {
  readonly name: string;
  readonly text: string;
  readonly commands: readonly string[];
}

interface Portal {
  readonly prepared: Prepared;
  readonly parameterCount: number;
}

const textLengthMax = 4_096;

export class PreparedStatements {
  readonly #byName = new Map<string, Prepared>();
  readonly #byPortal = new Map<string, Portal & { readonly serial: number }>();
  #bound = 0;

  /** How many portals have been bound; to tell those before a moment from those after it. */
  get bound(): number {
    return this.#bound;
  }

  define(name: string, text: string): Prepared {
    return { name, text: normaliseText(text, textLengthMax), commands: commandsOf(text) };
  }

  /** A statement prepared by SQL has a text that did not come by here. */
  ofName(name: string): Prepared {
    return this.#byName.get(name) ?? { name, text: `(prepared statement "${name}")`, commands: [] };
  }

  ofPortal(portal: string): Portal {
    const found = this.#byPortal.get(portal);
    if (found !== undefined) return found;
    return {
      prepared: { name: "", text: `(portal "${portal}")`, commands: [] },
      parameterCount: 0,
    };
  }

  /** Answers what stood there before. */
  replace(name: string, prepared: Prepared): Prepared | undefined {
    const before = this.#byName.get(name);
    this.#byName.set(name, prepared);
    return before;
  }

  /** Takes a `replace` back. */
  restore(name: string, before: Prepared | undefined): void {
    if (before === undefined) this.#byName.delete(name);
    else this.#byName.set(name, before);
  }

  bind(portal: string, { prepared, parameterCount }: Portal): void {
    this.#bound += 1;
    this.#byPortal.set(portal, { prepared, parameterCount, serial: this.#bound });
  }

  close(target: string, name: string): void {
    if (target === "S") this.#byName.delete(name);
    else this.#byPortal.delete(name);
  }

  /** Statements of SQL that forget. */
  asked({ commands, text }: WireStatement): void {
    if (commands.includes("DISCARD")) this.#byName.clear();
    if (!commands.includes("DEALLOCATE")) return;
    for (const [, quoted, plain] of text.matchAll(deallocation)) {
      if (plain?.toUpperCase() === "ALL") this.#byName.clear();
      else this.#byName.delete(quoted?.replaceAll('""', '"') ?? plain!.toLowerCase());
    }
  }

  /** Portals end with their transaction; those bound since are of the next one. */
  forgetPortals(boundBefore: number): void {
    for (const [name, { serial }] of this.#byPortal) if (serial <= boundBefore) this.#byPortal.delete(name);
  }
}

const deallocation = /\bdeallocate\s+(?:prepare\s+)?(?:"((?:[^"]|"")+)"|([\w$]+))/giu;
