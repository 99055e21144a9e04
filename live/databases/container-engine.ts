// The container engine that the environment names, through testcontainers, which is loaded when it is needed.
// Its own reaper, Ryuk, is another image that may not be had; the keeper does the same work, by our own label.
import { existsSync } from "node:fs";
import { isGone } from "../leftovers/owner.ts";
import type * as testcontainersModule from "testcontainers";
import { DatabaseUnavailable } from "./provider.ts";

export type Testcontainers = typeof testcontainersModule;
type Client = Awaited<ReturnType<Testcontainers["getContainerRuntimeClient"]>>;

export interface Engine {
  readonly testcontainers: Testcontainers;
  readonly client: Client;
}

/** On every container of ours: who made it. */
export const ownerLabel = "seatrial.owner";

/** Errors: `DatabaseUnavailable` where no engine answers. */
export async function findEngine(): Promise<Engine> {
  const testcontainers = await load();
  try {
    return { testcontainers, client: await testcontainers.getContainerRuntimeClient() };
  } catch (error) {
    throw new DatabaseUnavailable(
      `No container engine answers: ${error instanceof Error ? error.message : String(error)}. Tried ${tried().join("; ")}. ` +
        "Install and start one (Debian: apt-get install docker.io, then dockerd), or set DOCKER_HOST, or use " +
        "--database embedded, which needs none.",
      { cause: error },
    );
  }
}

/** Whether the engine has a network of its own for containers. One that runs without has only the host's. */
export async function hasBridge({ client }: Engine): Promise<boolean> {
  const networks = await client.container.dockerode.listNetworks();
  return networks.some(({ Driver: driver }) => driver !== "host" && driver !== "null");
}

/** Removes, with its data, every container whose label has this value. */
export async function removeContainers(label: string, value: string): Promise<void> {
  const engine = await findEngine();
  await removeWhere(engine, label, (seen) => seen === value);
}

/** Removes what dead processes of this machine have left. */
export async function sweepContainers(engine: Engine): Promise<void> {
  await removeWhere(engine, ownerLabel, isGone).catch(() => undefined);
}

async function removeWhere(
  { client: { container } }: Engine,
  label: string,
  isMeant: (value: string) => boolean,
): Promise<void> {
  const docker = container.dockerode;
  const found = await docker.listContainers({ all: true, filters: { label: [label] } });
  const meant = found.filter(({ Labels: labels }) => isMeant(labels[label] ?? ""));
  await Promise.all(
    meant.map(({ Id: id }) =>
      docker
        .getContainer(id)
        .remove({ force: true, v: true })
        .catch((error: { readonly statusCode?: number }) => {
          // Somebody else removes it, or has.
          if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
        }),
    ),
  );
}

// A package that it loads listens to signals for the sake of lock files that we never make. With such a listener a
// process no longer ends by a signal that nobody else listens to.
async function load(): Promise<Testcontainers> {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const before = new Map(signals.map((signal) => [signal, new Set(process.listeners(signal))]));
  const testcontainers = await import("testcontainers");
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (!before.get(signal)!.has(listener)) process.off(signal, listener);
    }
  }
  return testcontainers;
}

function tried(): readonly string[] {
  const host = process.env["DOCKER_HOST"];
  const socket = "/var/run/docker.sock";
  return [
    host === undefined ? "DOCKER_HOST, which is not set" : `DOCKER_HOST=${host}`,
    existsSync(socket) ? `${socket}, which is there` : `${socket}, which is not there`,
    "the settings of testcontainers (~/.testcontainers.properties) and a rootless engine's sockets",
  ];
}
