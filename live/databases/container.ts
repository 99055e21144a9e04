// A PostgreSQL in a container: the official image, or any that takes POSTGRES_PASSWORD and settings as it does.
// Guarantees: the container and its data are gone after `stop`, and however this process ends.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { freePort } from "../free-port.ts";
import { undoneAfterUs } from "../leftovers/keeper.ts";
import { ownOwner } from "../leftovers/owner.ts";
import {
  type Engine,
  findEngine,
  hasBridge,
  ownerLabel,
  removeContainers,
  sweepContainers,
} from "./container-engine.ts";
import { DatabaseUnavailable } from "./provider.ts";

export interface ContainerPostgresOptions {
  readonly image: string;
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long the server may take to take connections once its image is there. Default: 60000. */
  readonly startTimeoutMs?: number;
}

export interface ContainerPostgres {
  /** Of the database `postgres`, as a superuser. */
  readonly url: string;
  /** Removes the container. May be called twice. */
  stop(): Promise<void>;
}

/** Which of our containers, beside whose it is. */
const startLabel = "seatrial.start";
const portInside = 5432;

/** Errors: `DatabaseUnavailable`. */
export async function startContainerPostgres(options: ContainerPostgresOptions): Promise<ContainerPostgres> {
  const engine = await findEngine();
  await sweepContainers(engine);
  await pull(engine, options.image);
  const start = randomBytes(8).toString("hex");
  const keeping = undoneAfterUs({ kind: "containers", label: startLabel, value: start });
  const stop = async (): Promise<void> => {
    await removeContainers(startLabel, start);
    keeping.cancel();
  };
  try {
    const password = randomBytes(16).toString("hex");
    const address = await run(engine, { options, password, start });
    const url = `postgresql://postgres:${password}@${address}/postgres`;
    await untilReady(engine, { url, start, timeoutMs: options.startTimeoutMs ?? 60_000 });
    return { url, stop };
  } catch (error) {
    const said = await lastLines(engine, start).catch(() => "");
    await stop();
    throw notStarted(options.image, error, said);
  }
}

async function pull({ client, testcontainers }: Engine, image: string): Promise<void> {
  try {
    await client.image.pull(testcontainers.ImageName.fromString(image), {
      force: false,
      platform: undefined,
    });
  } catch (error) {
    throw new DatabaseUnavailable(
      `The image ${image} cannot be had: ${wordsOf(error)}. It is neither on this engine nor could it be pulled. Name one ` +
        "that is (docker images; --database container:NAME), check the registry, or use --database embedded.",
      { cause: error },
    );
  }
}

/** Answers host and port. */
async function run(
  engine: Engine,
  {
    options,
    password,
    start,
  }: { readonly options: ContainerPostgresOptions; readonly password: string; readonly start: string },
): Promise<string> {
  const { testcontainers, client } = engine;
  const isBridged = await hasBridge(engine);
  const port = isBridged ? portInside : await freePort();
  const settings = isBridged
    ? { ...options.settings }
    : { port: String(port), listen_addresses: "127.0.0.1", ...options.settings };
  const container = new testcontainers.GenericContainer(options.image)
    .withAutoCleanup(false)
    .withLabels({ [ownerLabel]: ownOwner(), [startLabel]: start })
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withCommand(Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]))
    // Whether it takes connections is seen from outside, by connecting.
    .withWaitStrategy(testcontainers.Wait.forAll([]));
  if (!isBridged) {
    await container.withNetworkMode("host").start();
    return `${client.info.containerRuntime.host}:${port}`;
  }
  const started = await container.withExposedPorts(port).start();
  return `${started.getHost()}:${started.getMappedPort(port)}`;
}

/** The official image serves while it initialises, but not over TCP; so the first login is the right moment. */
async function untilReady(
  engine: Engine,
  { url, start, timeoutMs }: { readonly url: string; readonly start: string; readonly timeoutMs: number },
): Promise<void> {
  const tooLate = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const seen = await login(url);
    if (seen === undefined) return;
    if ((await find(engine, start))?.State !== "running") throw new Error("it ended");
    if (tooLate.aborted) throw new Error(`no login within ${timeoutMs} ms: ${seen}`);
    await sleep(pauseMs);
  }
}

/** Units: milliseconds. */
const pauseMs = 100;
const loginTimeoutMs = 2_000;

/** What went wrong; `undefined` for a login that went well. */
async function login(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: loginTimeoutMs });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return wordsOf(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function find({ client }: Engine, start: string) {
  const docker = client.container.dockerode;
  const found = await docker.listContainers({ all: true, filters: { label: [`${startLabel}=${start}`] } });
  return found[0];
}

/** What the container wrote last; "" where there is none. */
async function lastLines(engine: Engine, start: string): Promise<string> {
  const container = await find(engine, start);
  if (container === undefined) return "";
  const written = await engine.client.container.dockerode
    .getContainer(container.Id)
    .logs({ stdout: true, stderr: true, tail: 20 });
  return writtenText(written);
}

/** The two outputs of a container come in pieces with a head each: which one, three zeros, the length in four bytes.
 *  Source: Docker Engine API, "Attach to a container", Stream format. */
function writtenText(written: Buffer): string {
  const pieces: string[] = [];
  for (let at = 0; at + 8 <= written.length; ) {
    const end = at + 8 + written.readUInt32BE(at + 4);
    pieces.push(written.toString("utf8", at + 8, end));
    at = end;
  }
  return pieces.join("").trim();
}

function notStarted(image: string, error: unknown, said: string): DatabaseUnavailable {
  const wrote = said === "" ? "It wrote nothing." : `It wrote:\n  ${said.replaceAll("\n", "\n  ")}\n`;
  return new DatabaseUnavailable(
    `PostgreSQL in a container of ${image} does not start: ${wordsOf(error)}. ${wrote} Expected an image that starts a ` +
      "server with POSTGRES_PASSWORD and takes -c settings, as the official postgres images do. Name one, or use " +
      "--database embedded.",
    { cause: error },
  );
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
