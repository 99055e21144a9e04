// What a protocol tells the parser about itself: its verbs, and the words that its lines and expectations may use.
// Another protocol brings another vocabulary and changes nothing here.
import type { JsonObject } from "../../protocol/json.ts";
import type { LineReader } from "./line-reader.ts";
import type { Ability } from "./types.ts";

/** One verb of a device line. `parse` and `print` are each other's way back; `parse` leaves the end of the line to
 *  the caller. */
export interface VerbSpec {
  /** How the line looks, for people: `edit <type>/<id> <field>=<value> …`. */
  readonly form: string;
  /** What happens, in one sentence. */
  readonly help: string;
  parse(line: LineReader): JsonObject;
  /** The words behind the verb, or "". */
  print(args: JsonObject): string;
  /** Abilities that the line asks of a world; absent means none. */
  needs?(args: JsonObject): readonly Ability[];
}

export interface Vocabulary {
  /** `<name>/<version>`, as `protocol:` says it. The name is also the first part of every id. */
  readonly protocol: string;
  /** Device verbs beside the generic ones. */
  readonly verbs: ReadonlyMap<string, VerbSpec>;
  readonly modes: readonly [string, ...string[]];
  /** Exchanges by meaning, for `network:` lines. `any` is always one. */
  readonly messages: readonly string[];
  /** What transactions are for, and the statements of each, in the order in which they come. */
  readonly statements: ReadonlyMap<string, readonly string[]>;
  /** Purpose whose transaction a `server:` step itself begins. */
  readonly compaction: string | undefined;
  /** Settings of the server that `config:` may change. */
  readonly settings: readonly string[];
  /** Settings of the reference devices that `device-config:` may change. */
  readonly deviceSettings: readonly string[];
  /** Members of a device's status that expectations may name, with what they mean. */
  readonly status: ReadonlyMap<string, string>;
  /** Counts of a step that expectations may name, with what they mean. */
  readonly counts: ReadonlyMap<string, string>;
}
