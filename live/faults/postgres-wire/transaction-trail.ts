// Where transactions begin and end on one connection, seen twice: as the frontend asks for it, ahead of the answers, which
// is when a COMMIT can still be held; and as the backend tells it, which is what happened.
import type { WireStatement } from "./events.ts";

/** What a predicate can see of a transaction. */
const textsMax = 64;

export class TransactionTrail {
  readonly #tell: (change: "began" | "committed" | "rolled back" | "prepared") => void;
  /** As asked. */
  #isOpenAhead = false;
  #texts: readonly string[] = [];
  #implicit: WireStatement | undefined;
  /** As answered. */
  #isOpen = false;

  constructor(tell: (change: "began" | "committed" | "rolled back" | "prepared") => void) {
    this.#tell = tell;
  }

  /** As the backend has told. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What was asked since the transaction began. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  /** The last statement that was executed outside of any explicit transaction, and that the next Sync commits. */
  get implicit(): WireStatement | undefined {
    return this.#implicit;
  }

  asked(statement: WireStatement): void {
    let isCommand = false;
    for (const command of statement.commands) {
      const opens = command === "BEGIN";
      const closes = command === "COMMIT" || command === "ROLLBACK" || command === "PREPARE TRANSACTION";
      if (opens && !this.#isOpenAhead) this.#texts = [];
      if (closes) this.#texts = [];
      if (opens || closes) this.#isOpenAhead = opens;
      isCommand ||= opens || closes;
    }
    const isAlone = statement.form !== "extended" && !this.#isOpenAhead;
    if (isAlone) this.#texts = [];
    else if (this.#texts.length < textsMax) this.#texts = [...this.#texts, statement.text];
    this.#implicit = this.#isOpenAhead || isAlone || isCommand ? undefined : statement;
  }

  /** The frontend has sent a Sync. */
  synced(): void {
    this.#implicit = undefined;
    if (!this.#isOpenAhead) this.#texts = [];
  }

  /** A statement was completed with this tag; `command` as its text has it. */
  completed(tag: string, command: string | undefined): void {
    if (tag === "BEGIN" || tag === "START TRANSACTION") this.#set(true, "began");
    else if (tag === "COMMIT") this.#set(false, "committed");
    else if (tag === "ROLLBACK" && command !== "ROLLBACK TO") this.#set(false, "rolled back");
    else if (tag === "PREPARE TRANSACTION") this.#set(false, "prepared");
  }

  /** The backend is ready: `I` outside, `T` inside, `E` inside of one that failed. What no tag told shows here. */
  ready(status: string): void {
    this.#set(status !== "I", status === "I" ? "rolled back" : "began");
  }

  /** The same, with nothing asked that is not answered: what was only guessed ahead is known now. */
  settled(status: string): void {
    this.#isOpenAhead = status !== "I";
    if (!this.#isOpenAhead && this.#implicit === undefined) this.#texts = [];
  }

  #set(isOpen: boolean, change: "began" | "committed" | "rolled back" | "prepared"): void {
    if (this.#isOpen === isOpen) return;
    this.#isOpen = isOpen;
    this.#tell(change);
  }
}
