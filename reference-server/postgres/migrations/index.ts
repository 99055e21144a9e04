// Every migration of this build, in order.
import type { Migration } from "../migrate.ts";
import { log } from "./0001-log.ts";
import { serverClock } from "./0002-server-clock.ts";

export const migrations: readonly Migration[] = [log, serverClock];
