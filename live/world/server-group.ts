// The server processes of one database, through crashes and restarts. A world borrows a group, alone or beside others.
import { backupDatabase, restoreDatabase } from "../databases/backup.ts";
import type { DatabaseProvider, OwnDatabaseServer } from "../databases/provider.ts";
import { DatabaseFaults } from "../faults/database-faults.ts";
import { type PostgresWireProxy, startPostgresWireProxy } from "../faults/postgres-wire/proxy.ts";
import { bringClockTo, type CompactionReport, createHooks, type Hooks } from "../subjects/control.ts";
import { type ServerCommand, ServerProcess } from "../subjects/server-process.ts";
import { type Subject, SubjectFailed } from "../subjects/subject.ts";
import type { HookSpecs } from "../subjects/target.ts";
import type { Group } from "./group.ts";
import type { LiveProtocol } from "./protocol.ts";

/** What makes two groups alike: a scenario runs on any group with these. */
export interface GroupKind {
  readonly protocol: LiveProtocol;
  readonly config: Readonly<Record<string, number>>;
  readonly processes: number;
  /** Somebody stands on the lines between the processes and the database. */
  readonly hasLines: boolean;
  /** It has a database server of its own, which can be ended, and filled where its disk is small. */
  readonly ownDatabaseServer?: { readonly hasSmallDisk: boolean } | undefined;
  /** Another server than that of all other groups. */
  readonly server?: ServerCommand;
}

export interface ServerGroupOptions extends GroupKind {
  readonly command: ServerCommand;
  readonly databases: DatabaseProvider;
  /** A name that no other group has or had. */
  readonly databaseName: string;
  /** What tokens are signed with; undefined where the servers know by themselves. */
  readonly secret: string | undefined;
  readonly controlToken: string;
  /** Default: below the servers' own address. */
  readonly hooks?: HookSpecs;
}

interface GroupDatabase {
  readonly url: string;
  readonly lines: readonly PostgresWireProxy[];
  readonly server: OwnDatabaseServer | undefined;
}

async function startServerFor(options: ServerGroupOptions): Promise<OwnDatabaseServer | undefined> {
  const { ownDatabaseServer, databases } = options;
  if (ownDatabaseServer === undefined) return undefined;
  if (databases.startOwnServer !== undefined) return databases.startOwnServer(ownDatabaseServer);
  throw new Error(`${databases.name} starts no server for one group alone`);
}

export class ServerGroup implements Group {
  readonly subjects: readonly Subject[];
  /** How far the servers' clocks are ahead of the machine's. Units: milliseconds. */
  clockOffsetMs = 0;
  readonly #options: ServerGroupOptions;
  /** Past the lines. */
  readonly databaseUrl: string;
  readonly #watchers = new Set<(subject: Subject, how: string) => void>();
  /** One for each process, in their order; none where nobody stands on them. */
  readonly lines: readonly PostgresWireProxy[];
  readonly databaseFaults: DatabaseFaults;
  readonly #server: OwnDatabaseServer | undefined;
  readonly #hooks: Hooks;

  private constructor(options: ServerGroupOptions, { url: databaseUrl, lines, server }: GroupDatabase) {
    this.#options = options;
    this.databaseUrl = databaseUrl;
    this.lines = lines;
    this.#server = server;
    this.databaseFaults = new DatabaseFaults({ url: databaseUrl, lines, server });
    const { protocol, processes, config, secret, controlToken } = options;
    this.#hooks = createHooks({
      specs: options.hooks ?? {},
      token: controlToken,
      secrets: [secret ?? "", controlToken],
    });
    this.subjects = Array.from(
      { length: processes },
      (_, index) =>
        new ServerProcess({
          name: processes === 1 ? "server" : `server ${index + 1}`,
          command: options.command,
          env: {
            ...protocol.server.env(config),
            DATABASE_URL: lines[index]?.url ?? databaseUrl,
            ...(secret === undefined ? {} : { JWT_SECRET: secret }),
            SEATRIAL_CONTROL_TOKEN: controlToken,
          },
          onUnexpectedEnd: (subject, how) => {
            for (const tell of this.#watchers) tell(subject, how);
          },
        }),
    );
  }

  /** A group on a database of its own, up and taking requests.
   *  Errors: `SubjectFailed`; what the database says. */
  static async start(options: ServerGroupOptions): Promise<ServerGroup> {
    const server = await startServerFor(options);
    const url = await (server ?? options.databases).createDatabase(options.databaseName);
    const lines = await Promise.all(
      Array.from({ length: options.hasLines ? options.processes : 0 }, () =>
        startPostgresWireProxy({ upstream: url }),
      ),
    );
    const group = new ServerGroup(options, { url, lines, server });
    try {
      // One after the other: the first one makes the tables.
      for (const [place, subject] of group.subjects.entries()) {
        await subject.start().catch((error: unknown) => {
          if (place === 0 || !(error instanceof SubjectFailed)) throw error;
          throw new SubjectFailed("no_second_process", error.message);
        });
      }
      return group;
    } catch (error) {
      await group.dispose();
      throw error;
    }
  }

  get isWhole(): boolean {
    const areUp = this.subjects.every(({ url, isPaused }) => url !== undefined && !isPaused);
    return areUp && this.databaseFaults.isCalm;
  }

  watch(onEnd: (subject: Subject, how: string) => void): { cancel(): void } {
    this.#watchers.add(onEnd);
    return { cancel: () => this.#watchers.delete(onEnd) };
  }

  /** Processes of ours tell of their end themselves. */
  async lookAfter(): Promise<void> {
    await Promise.resolve();
  }

  async start(subject: Subject): Promise<void> {
    await subject.start();
    if (this.clockOffsetMs !== 0) await bringClockTo(subject, this.clockOffsetMs, this.#hooks);
  }

  compact(subject: Subject, user: string): Promise<CompactionReport> {
    return this.#hooks.compact(subject, user);
  }

  /** Processes of ours have a fresh database, and with it a clock that nobody has moved. */
  async readClock(): Promise<void> {
    await this.#hooks.moveClock(this.subjects[0]!, 0);
  }

  async setClock(offsetMs: number): Promise<void> {
    this.clockOffsetMs = offsetMs;
    for (const subject of this.subjects)
      if (subject.url !== undefined) await bringClockTo(subject, offsetMs, this.#hooks);
  }

  backup(): Promise<number> {
    return backupDatabase(this.databaseUrl);
  }

  restore(): Promise<void> {
    return restoreDatabase(this.databaseUrl);
  }

  /** Ends all processes and drops the database. */
  async dispose(): Promise<void> {
    await Promise.all(this.subjects.map((subject) => subject.stop()));
    await Promise.all(this.lines.map((line) => line.close()));
    if (this.#server !== undefined) return this.#server.stop();
    // What still holds tables must not hold up the end of the database.
    await this.databaseFaults.recover();
    await this.#options.databases.dropDatabase(this.#options.databaseName);
  }

  lastLines(): readonly string[] {
    return this.subjects.flatMap((subject) => subject.lastLines().map((line) => `${subject.name}: ${line}`));
  }
}
