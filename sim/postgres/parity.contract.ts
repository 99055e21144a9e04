// The contract between the engine and PostgreSQL: a script of interleaved steps, run by both, must leave the same record.
// A record holds every answer, whether a statement had to wait, after which step it was let go, the notifications in their
// order, and what is in the tables at the end. Times are no part of it.
// PostgreSQL leaves open which of several sessions freed at once goes first. The engine is run with every such choice, and
// PostgreSQL's record has to be one of those.
import { Engine, type EngineTimers, type Outcome, type Session } from "./engine.ts";
import {
  initialRows,
  operationToSql,
  operationToStatement,
  type ParityOperation,
  type ParityRow,
  parityTables,
  type TableName,
} from "./parity-operations.contract.ts";
import type { Table } from "./schema.ts";
import * as statements from "./statements.ts";

export type SessionName = "a" | "b" | "c";

export interface ParityStep {
  readonly session: SessionName;
  readonly operation: ParityOperation;
}

/** Interleaved steps over `initialRows`. A step of a session that still waits is left out, in both runs alike. */
export interface ParityScript {
  readonly steps: readonly ParityStep[];
}

/** What a statement answered: a value, or the SQLSTATE and constraint of its error. */
export type Answer =
  | { readonly value: unknown }
  | { readonly sqlstate: string; readonly constraint: string | undefined };

/** One statement as it went. `doneAfter` is the step that let it go; its own number where it did not wait. Steps beyond
 *  the script are the sessions' ends: commit and disconnect, in order, as soon as each is free. */
export interface StepRecord {
  readonly step: number;
  readonly session: SessionName;
  readonly sql: string;
  waited: boolean;
  doneAfter: number | undefined;
  answer: Answer | undefined;
}

export interface ParityRecord {
  readonly steps: readonly StepRecord[];
  readonly notifications: readonly string[];
  readonly contents: Readonly<Record<TableName, readonly ParityRow[]>>;
  readonly lastId: number;
}

/** The world that a script runs in. `run` hands a statement over; `settle` returns when every statement that was handed
 *  over is answered or waits, and no circle of waiting is left that the database would still break. */
export interface ParityWorld {
  run(session: SessionName, operation: ParityOperation, onAnswer: (answer: Answer) => void): void;
  disconnect(session: SessionName): void;
  settle(): Promise<void> | void;
  finish(): Promise<Omit<ParityRecord, "steps">> | Omit<ParityRecord, "steps">;
}

/** Runs a script against a world and answers its record. */
export async function runScript(script: ParityScript, world: ParityWorld): Promise<ParityRecord> {
  const runner = new ScriptRunner(world);
  for (const { session, operation } of script.steps) await runner.step(session, operation);
  await runner.end();
  return { steps: runner.records, ...(await world.finish()) };
}

/** Every record that the engine can leave, over the choices that PostgreSQL leaves open; the first is the engine's own. */
export async function engineRecords(script: ParityScript): Promise<readonly ParityRecord[]> {
  const records = new Map<string, ParityRecord>();
  let choices: number[] | undefined = [];
  for (let run = 0; choices !== undefined && run < choiceRunsMax; run += 1) {
    const world = new EngineWorld(choices);
    const record = await runScript(script, world);
    records.set(JSON.stringify(record), record);
    choices = nextChoices(world.widths, world.taken);
  }
  return [...records.values()];
}

const choiceRunsMax = 400;

/** A script as SQL, one line a step, for a person to paste into as many psql windows as there are sessions. */
export const scriptToText = (script: ParityScript): string =>
  script.steps
    .map(({ session, operation }, step) => `${step} ${session}: ${operationToSql(operation)};`)
    .join("\n");

class ScriptRunner {
  readonly records: StepRecord[] = [];
  readonly #world: ParityWorld;
  readonly #waiting = new Map<SessionName, StepRecord>();
  readonly #blocks = new Map<SessionName, "open" | "failed">();
  #step = 0;

  constructor(world: ParityWorld) {
    this.#world = world;
  }

  async step(session: SessionName, operation: ParityOperation): Promise<void> {
    const step = this.#step;
    this.#step += 1;
    // A BEGIN inside a transaction is a mere warning in PostgreSQL; scripts do without it.
    const isNestedBegin = operation.do === "begin" && this.#blocks.get(session) === "open";
    if (this.#waiting.has(session) || isNestedBegin) return;
    const record: StepRecord = {
      step,
      session,
      sql: operationToSql(operation),
      waited: false,
      doneAfter: undefined,
      answer: undefined,
    };
    this.records.push(record);
    this.#waiting.set(session, record);
    this.#world.run(session, operation, (answer) => {
      this.#waiting.delete(session);
      record.answer = answer;
      record.doneAfter = this.#step - 1;
      this.#noteBlock(session, operation, answer);
    });
    await this.#world.settle();
    if (record.answer === undefined) record.waited = true;
  }

  async end(): Promise<void> {
    const left = new Set<SessionName>(["a", "b", "c"]);
    for (let round = 0; left.size > 0; round += 1) {
      if (round > endRoundsMax)
        throw new Error(`sessions ${[...left].join(", ")} still wait at the end of the script`);
      for (const session of [...left]) {
        if (this.#waiting.has(session)) continue;
        await this.step(session, { do: "commit" });
        this.#step += 1;
        this.#world.disconnect(session);
        await this.#world.settle();
        left.delete(session);
      }
    }
  }

  #noteBlock(session: SessionName, operation: ParityOperation, answer: Answer): void {
    if ("sqlstate" in answer) {
      if (this.#blocks.has(session)) this.#blocks.set(session, "failed");
    } else if (operation.do === "begin") {
      this.#blocks.set(session, "open");
    } else if (operation.do === "commit" || operation.do === "rollback") {
      this.#blocks.delete(session);
    }
  }
}

const endRoundsMax = 10;

// Which of several goes first: the given choices, then always the first. What could have been chosen is kept.
class EngineWorld implements ParityWorld {
  readonly widths: number[] = [];
  readonly taken: number[] = [];
  readonly #choices: readonly number[];
  readonly #engine: Engine;
  readonly #sessions = new Map<SessionName, Session>();
  readonly #notifications: string[] = [];
  readonly #timers: (() => void)[] = [];

  constructor(choices: readonly number[]) {
    this.#choices = choices;
    const timers: EngineTimers = {
      after: (_delayMs, run) => {
        this.#timers.push(run);
        return { cancel: () => void this.#timers.splice(this.#timers.indexOf(run), 1) };
      },
    };
    const schema = { tables: [parityTables.item, parityTables.note], sequences: ["ids"] };
    this.#engine = new Engine({ schema, timers, pickNext: (ready) => this.#choose(ready.length) });
    const loader = this.#engine.connect();
    for (const name of ["item", "note"] as const) {
      loader.execute(statements.insert(parityTables[name], initialRows[name]), () => {});
    }
    loader.terminate();
    this.#engine.listen("news", (payload) => this.#notifications.push(payload));
    for (const name of ["a", "b", "c"] as const) this.#sessions.set(name, this.#engine.connect());
  }

  run(session: SessionName, operation: ParityOperation, onAnswer: (answer: Answer) => void): void {
    this.#session(session).execute<unknown>(operationToStatement(operation), (outcome) =>
      onAnswer(outcomeToAnswer(operation, outcome)),
    );
  }

  disconnect(session: SessionName): void {
    this.#session(session).terminate();
  }

  // Every step takes longer than deadlock_timeout.
  settle(): void {
    for (let fired = 0; this.#timers.length > 0; fired += 1) {
      if (fired > timersMax) throw new Error("deadlock checks do not come to an end");
      const place = this.#timers.length > 1 ? this.#choose(this.#timers.length) : 0;
      this.#timers.splice(place, 1)[0]?.();
    }
  }

  finish(): Omit<ParityRecord, "steps"> {
    const backup = this.#engine.backup();
    const rows = (table: Table<ParityRow>) =>
      [...(backup.tables.get(table as unknown as Table<never>) as unknown as readonly ParityRow[])].sort(
        (one, other) => one.id - other.id,
      );
    return {
      notifications: this.#notifications,
      contents: { item: rows(parityTables.item), note: rows(parityTables.note) },
      lastId: backup.sequences.get("ids") ?? 0,
    };
  }

  #choose(width: number): number {
    const choice = this.#choices[this.taken.length] ?? 0;
    this.widths.push(width);
    this.taken.push(choice);
    return choice;
  }

  #session(name: SessionName): Session {
    const session = this.#sessions.get(name);
    if (session === undefined) throw new Error(`no session ${name}`);
    return session;
  }
}

const timersMax = 100;

// Counts up the last choice that can be counted up; `undefined` when all are done.
function nextChoices(widths: readonly number[], taken: readonly number[]): number[] | undefined {
  const place = widths.findLastIndex((width, index) => (taken[index] ?? 0) + 1 < width);
  return place < 0 ? undefined : [...taken.slice(0, place), (taken[place] ?? 0) + 1];
}

function outcomeToAnswer(operation: ParityOperation, outcome: Outcome<unknown>): Answer {
  if (!outcome.ok) return { sqlstate: outcome.error.sqlstate, constraint: outcome.error.constraint };
  const { value } = outcome;
  if (operation.do === "max") return { value: (value as ParityRow | undefined)?.id ?? null };
  if (operation.do === "lock" || operation.do === "notify") return { value: "done" };
  return { value };
}
