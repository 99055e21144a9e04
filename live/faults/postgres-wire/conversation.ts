// Follows what one connection says in both directions: which statement is asked, which one an answer belongs to, where
// transactions begin and end. It only listens: bytes pass whether it understands them or not.
//
// Answers come in the order of what was asked, so what is not answered yet is a queue. Three things make it more than
// that, all of the backend's `PostgresMain`:
//   1. After an error in the extended form the backend passes over everything up to the next Sync, without an answer.
//   2. While it takes the rows of a COPY it ignores Sync, and libpq sends one right behind such an Execute all the same.
//   3. A prepared statement is known by its name from its Parse on, before anybody can say whether the Parse succeeded.
import type { WireAnswer, WireConnectionInfo, WireEvent, WireStatement } from "./events.ts";
import type { Frame } from "./framing.ts";
import { errorOf, parameterCountOf, stringsOf, type WireError } from "./messages.ts";
import { PreparedStatements, type Prepared } from "./prepared.ts";
import { TransactionTrail } from "./transaction-trail.ts";

/** What a message of the frontend means; nothing has happened yet. */
export type FrontendStep =
  | { readonly kind: "statement"; readonly statement: WireStatement }
  /** `commits`: the last statement of a transaction that nobody has begun, and that ends here. */
  | { readonly kind: "sync"; readonly commits: WireStatement | undefined }
  | { readonly kind: "parse"; readonly name: string; readonly prepared: Prepared }
  | {
      readonly kind: "bind";
      readonly portal: string;
      readonly prepared: Prepared;
      readonly parameterCount: number;
    }
  | { readonly kind: "close"; readonly target: string; readonly name: string }
  | { readonly kind: "copy end" | "flush" | "other" };

type Pending =
  | { readonly kind: "parse"; readonly name: string; readonly before: Prepared | undefined }
  | {
      readonly kind: "statement";
      readonly statement: WireStatement;
      readonly boundBefore: number;
      readonly tags: string[];
      failure?: WireError;
    }
  | { readonly kind: "sync"; readonly boundBefore: number }
  | { readonly kind: "copy end" };

/** Of one Query; a dump replayed as a single one has more. */
const tagsMax = 64;

export class Conversation {
  readonly #report: (event: WireEvent) => void;
  readonly #prepared = new PreparedStatements();
  readonly #trail: TransactionTrail;
  #connection: WireConnectionInfo;
  #pending: Pending[] = [];
  #serial = 0;
  #isReady = false;
  #isSkipping = false;
  #isCopyIn = false;
  /** Something was asked that the backend answers when it is told to, and not before. */
  #isUnflushed = false;
  #fatal: WireError | undefined;

  constructor(connection: WireConnectionInfo, report: (event: WireEvent) => void) {
    this.#connection = connection;
    this.#report = report;
    this.#trail = new TransactionTrail((change) =>
      report({ kind: "transaction", connection: this.#connection, change }),
    );
  }

  get connection(): WireConnectionInfo {
    return this.#connection;
  }

  get isInTransaction(): boolean {
    return this.#trail.isOpen;
  }

  get fatal(): WireError | undefined {
    return this.#fatal;
  }

  /** The backend waits for rows. */
  get isCopyIn(): boolean {
    return this.#isCopyIn;
  }

  /** Nothing was asked that is not answered. */
  get isQuiet(): boolean {
    return this.#head() === undefined;
  }

  /** An error has come, and no Sync behind it: the backend passes over what it is asked. */
  get isSkipping(): boolean {
    return this.#isSkipping;
  }

  /** A Flush is needed before everything that was asked is answered. */
  get isUnflushed(): boolean {
    return this.#isUnflushed;
  }

  /** The next answer is the one to this statement. */
  isAnswering(statement: WireStatement): boolean {
    const head = this.#head();
    return head?.kind === "statement" && head.statement === statement;
  }

  isAnswered(statement: WireStatement): boolean {
    return !this.#pending.some((entry) => entry.kind === "statement" && entry.statement === statement);
  }

  /** What a message of the frontend means. */
  read({ type, head }: Frame): FrontendStep {
    switch (type) {
      case "Q": {
        const text = stringsOf(head, 1).strings[0]!;
        return this.#statement("simple", this.#prepared.define("", text), 0);
      }
      case "F":
        return this.#functionCall(head);
      case "E": {
        const { prepared, parameterCount } = this.#prepared.ofPortal(stringsOf(head, 1).strings[0]!);
        return this.#statement("extended", prepared, parameterCount);
      }
      case "P": {
        const [name, text] = stringsOf(head, 2).strings as [string, string];
        return { kind: "parse", name, prepared: this.#prepared.define(name, text) };
      }
      case "B": {
        const { strings, end } = stringsOf(head, 2);
        const [portal, name] = strings as [string, string];
        const prepared = this.#prepared.ofName(name);
        return { kind: "bind", portal, prepared, parameterCount: parameterCountOf(head, end) };
      }
      case "C":
        return {
          kind: "close",
          target: head.toString("latin1", 0, 1),
          name: stringsOf(head.subarray(1), 1).strings[0]!,
        };
      case "S":
        return { kind: "sync", commits: this.#isCopyIn ? undefined : this.#trail.implicit };
      case "H":
        return { kind: "flush" };
      case "c":
      case "f":
        return { kind: "copy end" };
      default:
        return { kind: "other" };
    }
  }

  /** The message goes to the backend. */
  forwarded(step: FrontendStep): void {
    switch (step.kind) {
      case "statement":
        this.#asked(step.statement);
        break;
      case "sync":
        this.#isUnflushed = false;
        if (this.#isCopyIn) break;
        this.#isSkipping = false;
        this.#trail.synced();
        this.#pending.push({ kind: "sync", boundBefore: this.#prepared.bound });
        break;
      case "parse":
        if (this.#isSkipping) break;
        this.#isUnflushed = true;
        this.#pending.push({
          kind: "parse",
          name: step.name,
          before: this.#prepared.replace(step.name, step.prepared),
        });
        break;
      case "bind":
        if (!this.#isSkipping) this.#prepared.bind(step.portal, step);
        break;
      case "close":
        if (!this.#isSkipping) this.#prepared.close(step.target, step.name);
        break;
      case "flush":
        this.#isUnflushed = false;
        break;
      case "copy end":
        if (this.#isCopyIn) this.#isCopyIn = false;
        else if (this.#pending.length > 0) this.#pending.push({ kind: "copy end" });
        break;
      case "other":
        break;
    }
  }

  /** A message of the backend. */
  answered({ type, head }: Frame): void {
    switch (type) {
      case "1":
        if (this.#head()?.kind === "parse") this.#pending.shift();
        break;
      case "C":
        this.#completed(stringsOf(head, 1).strings[0]!);
        break;
      case "I":
      case "s":
        this.#completed(undefined);
        break;
      case "E":
        this.#failed(errorOf(head));
        break;
      case "G":
        this.#copyInBegins();
        break;
      case "Z":
        this.#ready(head.toString("latin1"));
        break;
      case "K":
        if (head.length < 4) break;
        this.#connection = { ...this.#connection, backendProcessId: head.readUInt32BE(0) };
        break;
    }
  }

  #statement(form: WireStatement["form"], prepared: Prepared, parameterCount: number): FrontendStep {
    const statement: WireStatement = {
      connection: this.#connection,
      serial: this.#serial + 1,
      form,
      text: prepared.text,
      name: prepared.name,
      parameterCount,
      commands: prepared.commands,
      earlier: this.#trail.texts,
    };
    return { kind: "statement", statement };
  }

  #functionCall(head: Buffer): FrontendStep {
    const number = head.length === 4 ? head.readUInt32BE(0) : 0;
    const prepared = { name: "", text: `function call of ${number}`, commands: [] };
    return this.#statement("function call", prepared, 0);
  }

  #asked(statement: WireStatement): void {
    this.#serial = statement.serial;
    this.#report({ kind: "statement", statement });
    if (this.#isSkipping) {
      this.#report({ kind: "answered", statement, answer: { kind: "skipped" } });
      return;
    }
    this.#isUnflushed = statement.form === "extended";
    this.#prepared.asked(statement);
    this.#trail.asked(statement);
    this.#pending.push({ kind: "statement", statement, boundBefore: this.#prepared.bound, tags: [] });
  }

  /** Without a tag: an empty query, or a portal of which more rows can be had. */
  #completed(tag: string | undefined): void {
    const head = this.#head();
    if (head?.kind !== "statement") return;
    if (tag !== undefined) {
      this.#trail.completed(tag, head.statement.commands[head.tags.length]);
      if (head.tags.length < tagsMax) head.tags.push(tag);
    }
    if (head.statement.form !== "extended") return;
    this.#pending.shift();
    this.#finish(head.statement, { kind: "completed", tags: head.tags });
  }

  #failed(error: WireError): void {
    const isFatal = error.severity === "FATAL" || error.severity === "PANIC";
    if (isFatal) this.#fatal = error;
    if (!this.#isReady) return;
    this.#isCopyIn = false;
    const head = this.#head();
    const isExtended = head?.kind !== "statement" || head.statement.form === "extended";
    if (!isExtended) {
      head.failure = error;
      // Nothing comes behind it.
      if (isFatal) this.#endSimple();
    } else if (head !== undefined || !isFatal) this.#skipToSync(error);
  }

  /** The error is that of the first statement that is dropped, be it of its Parse, its Bind or its own. */
  #skipToSync({ code, message }: WireError): void {
    const end = this.#pending.findIndex(({ kind }) => kind === "sync");
    this.#isSkipping = end === -1;
    const dropped = this.#pending.splice(0, end === -1 ? this.#pending.length : end);
    let answer: WireAnswer = { kind: "failed", code, message };
    for (const entry of dropped) {
      if (entry.kind !== "statement") continue;
      this.#finish(entry.statement, answer);
      answer = { kind: "skipped" };
    }
    for (const entry of dropped.toReversed()) {
      if (entry.kind === "parse") this.#prepared.restore(entry.name, entry.before);
    }
  }

  /** What was forwarded behind the statement is ignored up to the end of the rows, if it is a Sync. */
  #copyInBegins(): void {
    if (this.#head() === undefined) return;
    const end = this.#pending.findIndex(({ kind }) => kind === "copy end");
    this.#isCopyIn = end === -1;
    const until = end === -1 ? this.#pending.length : end;
    this.#pending = this.#pending.filter(({ kind }, place) => place > until || kind !== "sync");
  }

  #ready(status: string): void {
    if (!this.#isReady) {
      this.#isReady = true;
      this.#report({ kind: "ready", connection: this.#connection });
      return;
    }
    this.#trail.ready(status);
    const head = this.#head();
    if (head?.kind === "statement") this.#endSimple();
    else if (head?.kind === "sync") this.#pending.shift();
    if (status === "I" && head !== undefined && head.kind !== "parse")
      this.#prepared.forgetPortals(head.boundBefore);
    if (this.#pending.every(({ kind }) => kind !== "statement")) this.#trail.settled(status);
  }

  #endSimple(): void {
    const entry = this.#pending.shift();
    if (entry?.kind !== "statement") return;
    const { statement, tags, failure } = entry;
    if (failure === undefined) this.#finish(statement, { kind: "completed", tags });
    else this.#finish(statement, { kind: "failed", code: failure.code, message: failure.message });
  }

  #finish(statement: WireStatement, answer: WireAnswer): void {
    this.#report({ kind: "answered", statement, answer });
  }

  /** The end of rows that no COPY asked for is ignored, by the backend too. */
  #head(): Exclude<Pending, { kind: "copy end" }> | undefined {
    while (this.#pending[0]?.kind === "copy end") this.#pending.shift();
    return this.#pending[0] as Exclude<Pending, { kind: "copy end" }> | undefined;
  }
}
