// A server for tests of the probes: one that the live world starts on a fresh database, with everything that a target of
// certification has.
import { randomBytes, randomUUID } from "node:crypto";
import { openDatabases } from "../../live/databases/open.ts";
import type { ServerCommand } from "../../live/subjects/server-process.ts";
import { waveflowLive } from "../../live/waveflow/binding.ts";
import { ServerGroup } from "../../live/world/server-group.ts";
import { TokenMint } from "../../live/world/tokens.ts";
import type { ProbeTarget } from "../probe.ts";

export interface ProbedServer {
  readonly target: ProbeTarget;
  stop(): Promise<void>;
}

/** The server of `test/stranger`, which shares nothing with the reference; `env` goes to it as well. */
export const strangerCommand = (env: Readonly<Record<string, string>> = {}): ServerCommand => ({
  title: "stranger",
  file: process.execPath,
  args: ["test/stranger/server.mjs"],
  env,
  readiness: { healthPath: "/healthz" },
});

export async function startProbedServer(command: ServerCommand): Promise<ProbedServer> {
  const databases = await openDatabases({ kind: "embedded" });
  const secret = randomBytes(32).toString("hex");
  const controlToken = randomBytes(16).toString("hex");
  const group = await ServerGroup.start({
    protocol: waveflowLive,
    config: {},
    processes: 1,
    hasLines: false,
    command,
    databases,
    databaseName: `seatrial_probe_${randomBytes(4).toString("hex")}`,
    secret,
    controlToken,
  });
  const [subject] = group.subjects;
  const target = {
    ...createTarget(subject!.url!, secret),
    controlUrl: subject!.url!,
    controlToken,
    isAlive: () => subject!.url !== undefined,
  };
  return {
    target,
    stop: async () => {
      await group.dispose();
      await databases.stop();
    },
  };
}

/** A target without hooks, whose tokens are signed with this secret. */
export function createTarget(baseUrl: string, secret: string): ProbeTarget {
  const mint = new TokenMint({ secret, serverUser: (user) => user });
  return {
    baseUrl,
    freshUser: () => `probe-${randomUUID()}`,
    freshDevice: () => randomUUID(),
    mintToken: (user, _device, spec) => Promise.resolve(mint.mint(user, spec)),
    isAlive: () => true,
  };
}
