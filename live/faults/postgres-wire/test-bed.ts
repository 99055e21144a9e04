// What the tests of the proxy stand on: a PostgreSQL with users of every kind of login, a database each, and a frontend
// that writes the bytes it is told to. Each test ends with nothing left: no socket in the proxy, no session in the
// database.
import { readFile, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import pg from "pg";
import { expect } from "vitest";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../databases/embedded.ts";
import type { WireEvent } from "./events.ts";
import { type PostgresWireProxy, startPostgresWireProxy } from "./proxy.ts";

/** Users named after how they log in; the password is "secret". */
const logins = ["trust", "password", "md5", "scram-sha-256"] as const;

export interface TestBed {
  readonly postgres: EmbeddedPostgres;
  readonly proxy: PostgresWireProxy;
  /** Of the database through the proxy, as the superuser. */
  readonly url: string;
  /** Past the proxy. */
  readonly directUrl: string;
  /** As one of the users. */
  urlAs(login: (typeof logins)[number]): string;
  /** Past the proxy. */
  query<Row extends object>(text: string): Promise<readonly Row[]>;
  /** What the proxy tells until the end of the test. */
  events(): WireEvent[];
  /** Fails where something is left, when everybody has said goodbye. */
  expectNothingLeft(): Promise<void>;
  stop(): Promise<void>;
}

export async function openTestBed(): Promise<TestBed> {
  const postgres = await startEmbeddedPostgres({
    settings: { wal_level: "logical", max_connections: "60", fsync: "off", deadlock_timeout: "100ms" },
  });
  const admin = new pg.Client({
    connectionString: await postgres.createDatabase("wire"),
    application_name: "admin",
  });
  await admin.connect();
  await createUsers(admin, postgres.dataDirectory);
  const directUrl = postgres.url.replace(/\/postgres$/u, "/wire");
  const proxy = await startPostgresWireProxy({ upstream: directUrl });
  const subscriptions: (() => void)[] = [];
  const query = async <Row extends object>(text: string): Promise<readonly Row[]> =>
    (await admin.query<Row>(text)).rows;
  return {
    postgres,
    proxy,
    url: proxy.url,
    directUrl,
    urlAs: (login) => proxy.url.replace(/\/\/[^@]*@/u, `//${login}:secret@`),
    query,
    events: () => {
      const events: WireEvent[] = [];
      subscriptions.push(proxy.subscribe((event) => events.push(event)));
      return events;
    },
    expectNothingLeft: async () => {
      await expect.poll(() => proxy.connections, { timeout: 5_000, interval: 5 }).toBe(0);
      await expect
        .poll(
          () =>
            query(`SELECT pid, query FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender')
                           AND pid <> pg_backend_pid()`),
          { timeout: 5_000, interval: 5 },
        )
        .toEqual([]);
      for (const unsubscribe of subscriptions.splice(0)) unsubscribe();
    },
    stop: async () => {
      await proxy.close();
      await admin.end();
      await postgres.stop();
    },
  };
}

async function createUsers(admin: pg.Client, dataDirectory: string): Promise<void> {
  for (const login of logins) {
    await admin.query(`SET password_encryption = '${login === "md5" ? "md5" : "scram-sha-256"}'`);
    await admin.query(`CREATE ROLE "${login}" LOGIN SUPERUSER PASSWORD 'secret'`);
  }
  const file = join(dataDirectory, "pg_hba.conf");
  const rules = logins.flatMap((login) => [
    `host all "${login}" 127.0.0.1/32 ${login}`,
    `host replication "${login}" 127.0.0.1/32 ${login}`,
  ]);
  await writeFile(file, `${rules.join("\n")}\n${await readFile(file, "utf8")}`);
  await admin.query("SELECT pg_reload_conf()");
}

/** A client that is not surprised when its connection is cut. */
export async function connectClient(url: string, config: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ...config });
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** One message of the protocol. Strings get their zero, numbers are of 32 bits, buffers stay as they are. */
export function message(type: string, ...parts: readonly (string | number | Buffer)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => {
      if (Buffer.isBuffer(part)) return part;
      if (typeof part === "string") return Buffer.from(`${part}\0`);
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(part);
      return bytes;
    }),
  );
  const header = Buffer.alloc(5);
  header.write(type);
  header.writeInt32BE(body.length + 4, 1);
  // The startup and its like have no type.
  return Buffer.concat([type === "" ? header.subarray(1) : header, body]);
}

const noneOfTwo = Buffer.alloc(2);
export const sync = message("S");
/** Parse, Bind and Execute of a statement without parameters. */
export const execute = (text: string): Buffer =>
  Buffer.concat([
    message("P", "", text, noneOfTwo),
    message("B", "", "", noneOfTwo, noneOfTwo, noneOfTwo),
    message("E", "", 0),
  ]);

/** A frontend that says what it is told and remembers what it hears. */
export class RawSession {
  readonly socket: Socket;
  #heard: Buffer = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #piecesLength = 0;
  #isOver = false;
  #onChange: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#pieces.push(chunk);
      this.#piecesLength += chunk.length;
      this.#onChange();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#isOver = true;
      this.#onChange();
    });
  }

  static async connect(url: string, options: { readonly allowHalfOpen?: boolean } = {}): Promise<RawSession> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, ...options });
    await once(socket, "connect");
    return new RawSession(socket);
  }

  /** Logged in as the user who needs no password. */
  static async open(url: string, parameters: readonly string[] = []): Promise<RawSession> {
    const session = await RawSession.connect(url);
    session.send(message("", 196_608, ...["user", "trust", "database", "wire", ...parameters], ""));
    await session.until("Z");
    return session;
  }

  send(...messages: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(messages));
  }

  /** Letters of the messages up to the first of this type, or up to the end of the connection, which is "end". */
  async until(type: string): Promise<string> {
    const heard = await this.messagesUntil(type);
    return heard.map(({ type }) => type).join("");
  }

  async messagesUntil(type: string): Promise<readonly { readonly type: string; readonly body: Buffer }[]> {
    const messages: { type: string; body: Buffer }[] = [];
    for (;;) {
      while (this.#has(5) && this.#has(this.#heard.readInt32BE(1) + 1)) {
        const end = this.#heard.readInt32BE(1) + 1;
        const one = { type: String.fromCharCode(this.#heard[0]!), body: this.#heard.subarray(5, end) };
        this.#heard = this.#heard.subarray(end);
        messages.push(one);
        if (one.type === type) return messages;
      }
      if (this.#isOver) return [...messages, { type: " end", body: this.#heard }];
      const change = Promise.withResolvers<void>();
      this.#onChange = change.resolve;
      await change.promise;
    }
  }

  /** Bytes that came and were not asked for. */
  get unread(): number {
    return this.#heard.length + this.#piecesLength;
  }

  #has(length: number): boolean {
    if (this.#heard.length >= length) return true;
    if (this.#heard.length + this.#piecesLength < length) return false;
    this.#heard = Buffer.concat([this.#heard, ...this.#pieces]);
    this.#pieces = [];
    this.#piecesLength = 0;
    return true;
  }

  /** Says goodbye. */
  async end(): Promise<void> {
    this.send(message("X"));
    this.socket.end();
    if (!this.#isOver) await once(this.socket, "close");
  }
}
