// What a scenario does to the database as a whole, beside its statements one by one: it ends and comes back, takes no
// connections, refuses writes, keeps them waiting. All of it lasts until somebody says `recover`, or until the calm.
import { databaseLine } from "../../scenarios/format/database-lines.ts";
import type { DatabaseAction } from "../../scenarios/format/types.ts";
import type { SimDatabase } from "./protocol.ts";
import type { RunHistory } from "./run-history.ts";
import type { ServerSlot } from "./server-slot.ts";

export interface DatabaseFaultsOptions {
  readonly database: SimDatabase;
  readonly servers: readonly ServerSlot[];
  readonly history: RunHistory;
}

export class DatabaseFaults {
  readonly #options: DatabaseFaultsOptions;
  #isDown = false;
  #isRefusing = false;
  #hasRefused = false;
  /** Something was set that only new connections go by. */
  #isSetPerConnection = false;
  /** The latest of each kind. */
  readonly #lines = new Map<DatabaseAction["verb"], string>();
  /** Ended before they had hindered anybody. */
  readonly #missed: string[] = [];

  constructor(options: DatabaseFaultsOptions) {
    this.#options = options;
  }

  /** A process that starts now would find no database. */
  get takesConnections(): boolean {
    return !this.#isDown && !this.#isRefusing;
  }

  apply(action: DatabaseAction): void {
    const { database } = this.#options;
    this.#lines.set(action.verb, databaseLine(action));
    switch (action.verb) {
      case "stop":
      case "crash":
      case "restart":
        this.#end(action.verb);
        return;
      case "refuse-connections":
        this.#tell("connections refused", "the database takes no new connections");
        this.#isRefusing = true;
        this.#hasRefused = false;
        return;
      case "read-only":
        this.#tell("database read-only", "the database only reads");
        database.setCondition("read-only");
        this.#resetConnections();
        return;
      case "full":
        this.#tell("database full", "the database has no room left");
        database.setCondition("full");
        return;
      case "lock-tables":
        this.#tell("tables locked", "somebody holds all tables of the database");
        database.setCondition("lock-tables");
        return;
      case "lock-timeout":
        this.#tell(
          "lock timeout",
          `the database ends waits for locks that last longer than ${action.afterMs} ms`,
        );
        database.setLimit("lock-timeout", action.afterMs);
        this.#resetConnections();
        return;
      case "statement-timeout":
        this.#tell(
          "statement timeout",
          `the database ends statements that last longer than ${action.afterMs} ms`,
        );
        database.setLimit("statement-timeout", action.afterMs);
        return;
      case "recover":
        this.recover();
        return;
    }
  }

  /** Everything ends that still lasts. */
  recover(): void {
    const { database, servers } = this.#options;
    this.#missed.push(...this.#present());
    this.#isDown = false;
    this.#isRefusing = false;
    database.clearConditions();
    for (const { line } of servers) line.refusal = undefined;
    if (this.#isSetPerConnection) this.#loseConnections(servers);
    this.#isSetPerConnection = false;
  }

  /** The connections of these processes break. */
  loseConnections(servers: readonly ServerSlot[]): void {
    for (const slot of servers) {
      this.#options.history.fault(
        "database connections lost",
        slot.name,
        `${slot.name} loses its connections`,
      );
    }
    this.#loseConnections(servers);
  }

  /** What was arranged and has hindered nobody, as scenario lines. */
  unstruck(): readonly string[] {
    return [...this.#missed, ...this.#present()];
  }

  /** Of those that last. */
  #present(): readonly string[] {
    const refusing = this.#isRefusing && !this.#hasRefused ? (["refuse-connections"] as const) : [];
    const kinds = [...this.#options.database.unstruckConditions(), ...refusing];
    return kinds.map((kind) => `database: ${this.#lines.get(kind)!}`);
  }

  #end(verb: "stop" | "crash" | "restart"): void {
    const { database, servers } = this.#options;
    const isStart = verb === "restart";
    this.#tell(`database ${isStart ? "restarted" : verb === "stop" ? "stopped" : "crashed"}`, ended[verb]);
    this.#isDown = true;
    this.#loseConnections(servers);
    if (verb === "crash") database.crash();
    if (!isStart) return;
    this.#isDown = false;
    if (!this.#isRefusing) for (const { line } of servers) line.refusal = undefined;
  }

  #resetConnections(): void {
    this.#isSetPerConnection = true;
    this.#loseConnections(this.#options.servers);
  }

  #loseConnections(servers: readonly ServerSlot[]): void {
    for (const slot of servers) {
      slot.loseConnections();
      if (this.takesConnections) continue;
      slot.line.refusal = this.#isDown ? "the database is down" : "53300: sorry, too many clients already";
      slot.line.onRefused = () => {
        this.#hasRefused = true;
      };
    }
  }

  #tell(kind: string, text: string): void {
    this.#options.history.fault(kind, "database", text);
  }
}

const ended = {
  stop: "the database is stopped",
  crash: "the database crashes",
  restart: "the database is restarted",
} as const;
