// What a scenario does to a real database as a whole: what `database:` lines mean in the simulation
// (sim/world/database-faults.ts). The database itself refuses, waits and ends wherever it can be made to; only new
// connections are refused on the lines of the servers, because a limit spares superusers and hits all other scenarios.
// Whether a fault struck is read off the lines: from the error codes that the database gave to the servers.
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { databaseLine } from "../../scenarios/format/database-lines.ts";
import type { DatabaseAction } from "../../scenarios/format/types.ts";
import type { OwnDatabaseServer } from "../databases/provider.ts";
import {
  cancelStatements,
  endSessions,
  hasWaiters,
  lockTables,
  operatorName,
  tableNames,
} from "./database-sessions.ts";
import type { WireEvent } from "./postgres-wire/events.ts";
import type { PostgresWireProxy } from "./postgres-wire/proxy.ts";

export interface DatabaseFaultsOptions {
  /** Of whoever made the database. */
  readonly url: string;
  /** The lines of the processes. */
  readonly lines: readonly PostgresWireProxy[];
  /** Where nobody else has a database on the server; absent where others do. */
  readonly server?: OwnDatabaseServer | undefined;
}

type TellFault = (kind: string, text: string) => void;

/** One that lasts. */
interface Lasting {
  readonly line: string;
  hasStruck: boolean;
  /** Ends it. */
  readonly lift: () => Promise<void>;
  readonly stopWatching: () => void;
}

/** A session that was ended is gone after this, or was never heard of.  Units: milliseconds. */
const goneWithinMs = 500;
/** Between two looks at who waits, or takes too long.  Units: milliseconds. */
const lookIntervalMs = 20;

export class DatabaseFaults {
  readonly #options: DatabaseFaultsOptions;
  readonly #lasting = new Set<Lasting>();
  /** Lifted before they had hindered anybody. */
  #missed: string[] = [];
  #isDown = false;
  #isRefusing = false;

  constructor(options: DatabaseFaultsOptions) {
    this.#options = options;
  }

  /** A process that starts now would find no database. */
  get takesConnections(): boolean {
    return !this.#isDown && !this.#isRefusing;
  }

  /** Nothing is left that a next scenario would feel. */
  get isCalm(): boolean {
    return this.takesConnections && this.#lasting.size === 0;
  }

  /** Done when it holds.  Errors: what the database says. */
  async apply(action: DatabaseAction, tell: TellFault): Promise<void> {
    switch (action.verb) {
      case "stop":
      case "crash":
        tell(`database ${action.verb === "stop" ? "stopped" : "crashed"}`, ended[action.verb]);
        await this.#noteUnused(action);
        return this.#end(action.verb === "stop" ? "fast" : "immediate");
      case "restart":
        tell("database restarted", "the database is restarted");
        await this.#noteUnused(action);
        await this.#end("fast");
        return this.#begin();
      case "refuse-connections":
        tell("connections refused", "the database takes no new connections");
        return this.#refuseConnections(action);
      case "read-only":
        tell("database read-only", "the database only reads");
        return this.#setPerConnection(action, "default_transaction_read_only", {
          value: "on",
          code: "25006",
        });
      case "lock-timeout":
        tell("lock timeout", `the database ends waits for locks that last longer than ${action.afterMs} ms`);
        return this.#setPerConnection(action, "lock_timeout", {
          value: `${action.afterMs}ms`,
          code: "55P03",
        });
      case "full":
        tell("database full", "the database has no room left");
        return this.#fill(action);
      case "lock-tables":
        tell("tables locked", "somebody holds all tables of the database");
        return this.#lockTables(action);
      case "statement-timeout":
        tell("statement timeout", `the database ends statements that last longer than ${action.afterMs} ms`);
        return this.#cancelLater(action, action.afterMs);
      case "recover":
        return this.recover();
    }
  }

  /** Everything ends that still lasts. */
  async recover(): Promise<void> {
    if (this.#isDown) await this.#begin();
    this.#missed = [...this.unstruck()];
    const lasting = [...this.#lasting];
    this.#lasting.clear();
    for (const { lift, stopWatching } of lasting) {
      stopWatching();
      await lift();
    }
  }

  /** What was arranged and has hindered nobody, as scenario lines. */
  unstruck(): readonly string[] {
    const present = [...this.#lasting].filter(({ hasStruck }) => !hasStruck);
    return [...this.#missed, ...present.map(({ line }) => `database: ${line}`)];
  }

  /** Another scenario begins: what the one before has missed is not its concern. */
  forget(): void {
    this.#missed = [];
  }

  /** Whoever has neither a connection to the database nor a table in it is not hindered by its end. */
  async #noteUnused(action: DatabaseAction): Promise<void> {
    if (this.#isDown || this.#options.lines.some(({ connections }) => connections > 0)) return;
    const names = await asOperator(this.#options.url, tableNames);
    if (names.length === 0) this.#missed.push(`database: ${databaseLine(action)}`);
  }

  async #end(how: "fast" | "immediate"): Promise<void> {
    const server = this.#server("ended");
    this.#isDown = true;
    await server.end(how);
    await Promise.all(this.#options.lines.map((line) => line.untilBackendsGone()));
  }

  async #begin(): Promise<void> {
    await this.#server("started").begin();
    this.#isDown = false;
  }

  async #fill(action: DatabaseAction): Promise<void> {
    const server = this.#server("filled");
    await server.fill();
    this.#add(action, { lift: () => server.empty(), code: "53100" });
  }

  async #refuseConnections(action: DatabaseAction): Promise<void> {
    const refusals = this.#options.lines.map((line) => line.refuse("too many connections"));
    this.#isRefusing = true;
    this.#add(action, {
      lift: async () => {
        for (const refusal of refusals) refusal.stop();
        this.#isRefusing = false;
      },
      isStrike: ({ kind }) => kind === "refused",
    });
  }

  async #setPerConnection(
    action: DatabaseAction,
    setting: "default_transaction_read_only" | "lock_timeout",
    { value, code }: { readonly value: string; readonly code: string },
  ): Promise<void> {
    const change = (words: string): Promise<void> =>
      asOperator(this.#options.url, async (client) => {
        const database = pg.escapeIdentifier(client.database ?? "");
        await client.query(`ALTER DATABASE ${database} ${words}`);
        await this.#endSessions(client);
      });
    await change(`SET ${setting} = '${value}'`);
    this.#add(action, { lift: () => change(`RESET ${setting}`), code });
  }

  /** All that there are now. One that was only just being opened is none to the database yet; it is cut on its line. */
  async #endSessions(client: pg.Client): Promise<void> {
    const { lines } = this.#options;
    const gone = Promise.all(lines.map((line) => line.untilBackendsGone()));
    await endSessions(client);
    const isLate = await Promise.race([gone.then(() => false), sleep(goneWithinMs, true)]);
    if (isLate) await Promise.all(lines.map((line) => line.terminateAll()));
  }

  async #lockTables(action: DatabaseAction): Promise<void> {
    const holder = await connectAsOperator(this.#options.url);
    try {
      await lockTables(holder);
    } catch (error) {
      await holder.end();
      throw error;
    }
    const lasting = this.#add(action, { lift: () => holder.end() });
    this.#lookAgainAndAgain(lasting, holder, async () => {
      if (!lasting.hasStruck) lasting.hasStruck = await hasWaiters(holder);
    });
  }

  async #cancelLater(action: DatabaseAction, afterMs: number): Promise<void> {
    const watcher = await connectAsOperator(this.#options.url);
    const lasting = this.#add(action, { lift: () => watcher.end(), code: "57014" });
    this.#lookAgainAndAgain(lasting, watcher, () => cancelStatements(watcher, afterMs));
  }

  /** Until the fault is lifted, or its connection is gone. */
  #lookAgainAndAgain(lasting: Lasting, client: pg.Client, look: () => Promise<void>): void {
    const again = (): void => {
      if (!this.#lasting.has(lasting)) return;
      look().then(
        () => setTimeout(again, lookIntervalMs),
        () => undefined,
      );
    };
    client.on("error", () => undefined);
    again();
  }

  /** `code`: what the database says to whom it hinders. */
  #add(
    action: DatabaseAction,
    {
      lift,
      code,
      isStrike = (event) =>
        (event.kind === "answered" && event.answer.kind === "failed" && event.answer.code === code) ||
        (event.kind === "closed" && event.fatal?.code === code),
    }: {
      readonly lift: () => Promise<void>;
      readonly code?: string;
      readonly isStrike?: (event: WireEvent) => boolean;
    },
  ): Lasting {
    const watches = this.#options.lines.map((line) =>
      line.subscribe((event) => {
        if (isStrike(event)) lasting.hasStruck = true;
      }),
    );
    const stopWatching = (): void => {
      for (const stop of watches) stop();
    };
    const lasting: Lasting = { line: databaseLine(action), hasStruck: false, lift, stopWatching };
    this.#lasting.add(lasting);
    return lasting;
  }

  #server(what: string): OwnDatabaseServer {
    const { server } = this.#options;
    if (server !== undefined) return server;
    throw new Error(`the database cannot be ${what}: others use the same PostgreSQL`);
  }
}

const ended = { stop: "the database is stopped", crash: "the database crashes" } as const;

async function asOperator<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = await connectAsOperator(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** A connection that the faults spare. */
async function connectAsOperator(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: operatorName,
    options: "-c default_transaction_read_only=off -c lock_timeout=0",
  });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
