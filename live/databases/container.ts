// A PostgreSQL in a container: the official image, or any that takes POSTGRES_PASSWORD and settings as it does.
// Guarantees: the container and its data are gone after `stop`, and however this process ends.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { undoneAfterUs } from "../leftovers/keeper.ts";
import { ownOwner } from "../leftovers/owner.ts";
import { OutputTail } from "../subjects/output-tail.ts";
import {
  type Engine,
  findEngine,
  hasBridge,
  ownerLabel,
  removeContainers,
  sweepContainers,
} from "./container-engine.ts";
import { freePort } from "./free-port.ts";
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
    const output = new OutputTail();
    const address = await run(engine, { options, password, start, output });
    const url = `postgresql://postgres:${password}@${address}/postgres`;
    await untilReady(engine, { url, start, options, output });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error instanceof DatabaseUnavailable ? error : notStarted(options.image, error);
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

async function run(
  engine: Engine,
  start: {
    readonly options: ContainerPostgresOptions;
    readonly password: string;
    readonly start: string;
    readonly output: OutputTail;
  },
): Promise<string> {
  const { options, password, output } = start;
  const { testcontainers, client } = engine;
  const isBridged = await hasBridge(engine);
  const port = isBridged ? portInside : await freePort();
  const settings = isBridged
    ? { ...options.settings }
    : { port: String(port), listen_addresses: "127.0.0.1", ...options.settings };
  const container = new testcontainers.GenericContainer(options.image)
    .withAutoCleanup(false)
    .withLabels({ [ownerLabel]: ownOwner(), [startLabel]: start.start })
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withCommand(Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]))
    .withLogConsumer((stream) => output.follow(stream as Parameters<OutputTail["follow"]>[0]))
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
  wait: {
    readonly url: string;
    readonly start: string;
    readonly options: ContainerPostgresOptions;
    readonly output: OutputTail;
  },
): Promise<void> {
  const { url, start, options, output } = wait;
  const timeoutMs = options.startTimeoutMs ?? 60_000;
  const tooLate = AbortSignal.timeout(timeoutMs);
  for (;;) {
    const seen = await login(url);
    if (seen === undefined) return;
    const hasEnded = !(await isRunning(engine, start));
    if (hasEnded || tooLate.aborted) {
      const how = hasEnded ? "ended" : `did not take connections within ${timeoutMs} ms (${seen})`;
      const said = output.lines.slice(-linesInMessage).join("\n  ");
      throw notStarted(options.image, new Error(`it ${how}. It wrote:\n  ${said}\n`));
    }
    await sleep(pauseMs);
  }
}

const linesInMessage = 20;
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

async function isRunning({ client }: Engine, start: string): Promise<boolean> {
  const running = await client.container.dockerode.listContainers({
    filters: { label: [`${startLabel}=${start}`], status: ["running"] },
  });
  return running.length > 0;
}

function notStarted(image: string, error: unknown): DatabaseUnavailable {
  return new DatabaseUnavailable(
    `PostgreSQL in a container of ${image} does not start: ${wordsOf(error)}. Expected an image that starts a server with ` +
      "POSTGRES_PASSWORD and takes -c settings, as the official postgres images do. Name one, or use --database embedded.",
    { cause: error },
  );
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
