// What the runs of a live world stand on: databases and processes of ours, or one server at an address; and where their
// tokens come from. A run asks for servers and for a desk, and need not know which.
import { randomBytes } from "node:crypto";
import type { DatabaseChoice } from "../databases/choice.ts";
import { openDatabases } from "../databases/open.ts";
import { createHooks } from "../subjects/control.ts";
import { referenceCommand } from "../subjects/reference-command.ts";
import { type CommandTarget, secretsOf, type TargetSpec, type UrlTarget } from "../subjects/target.ts";
import { createTeller, ListedUsers } from "../subjects/token-source.ts";
import type { Group } from "./group.ts";
import { ServerGroup } from "./server-group.ts";
import { type Leases, ServerPool } from "./server-pool.ts";
import { SoleServer } from "./sole-server.ts";
import { type DeskOf, TicketDesk } from "./token-desk.ts";
import { freshUsers, signingDesk, usersNeverSeen } from "./tokens.ts";
import { UrlGroup } from "./url-group.ts";

export interface GroundOptions {
  /** Default: the reference server of each protocol. */
  readonly target: TargetSpec | undefined;
  readonly database: DatabaseChoice;
  readonly groupsMax: number;
}

export interface Ground {
  readonly pool: Leases<Group>;
  /** Bearer token of the hooks over HTTP. */
  readonly controlToken: string;
  /** Users that can be given away, where they are counted. */
  readonly listed: ListedUsers | undefined;
  /** For one run, with users that nobody else has. */
  desk(runNumber: number): DeskOf;
  /** For whoever names users as the server does. */
  readonly plainDesk: DeskOf;
  close(): Promise<void>;
}

/** Errors: `DatabaseUnavailable`. */
export async function openGround(options: GroundOptions): Promise<Ground> {
  const { target } = options;
  const secret = target?.tokens.kind === "secret" ? target.tokens.secret : randomSecret();
  const controlToken = target?.hooks.control?.token ?? randomSecret();
  const desks = desksOf(target, secret);
  if (target?.kind === "url") {
    const pool = soleServer(target, controlToken);
    return { pool, controlToken, ...desks, close: () => pool.close() };
  }
  const databases = await openDatabases(options.database);
  const runName = randomBytes(4).toString("hex");
  let groups = 0;
  const pool = new ServerPool<Group>({
    groupsMax: options.groupsMax,
    start: (kind) =>
      ServerGroup.start({
        ...kind,
        command: kind.server ?? target?.command ?? referenceCommand(kind.protocol.server.entry),
        ...hooksOf(kind.server === undefined ? target : undefined),
        databases,
        databaseName: `seatrial_${runName}_${++groups}`,
        // Whoever has tokens of other kinds has told the server what they are verified with.
        secret: target === undefined || target.tokens.kind === "secret" ? secret : undefined,
        controlToken,
      }),
  });
  const close = async (): Promise<void> => {
    await pool.close();
    await databases.stop();
  };
  return { pool, controlToken, ...desks, close };
}

const hooksOf = (target: CommandTarget | undefined): { readonly hooks?: CommandTarget["hooks"] } =>
  target === undefined ? {} : { hooks: target.hooks };

function soleServer(target: UrlTarget, controlToken: string): SoleServer<Group> {
  const hooks = createHooks({ specs: target.hooks, token: controlToken, secrets: secretsOf(target) });
  const group = new UrlGroup(target, hooks);
  return new SoleServer<Group>({
    group,
    makeWhole: () => group.makeWhole(),
    dispose: () => group.dispose(),
  });
}

function desksOf(
  target: TargetSpec | undefined,
  secret: string,
): Pick<Ground, "desk" | "plainDesk" | "listed"> {
  const tokens = target?.tokens ?? { kind: "secret", secret };
  // A database of ours has known no users; of any other server nobody can say.
  const users = (runNumber: number): ((user: string) => string) =>
    target?.kind === "url" ? usersNeverSeen() : freshUsers(runNumber);
  const asTheyAre = (user: string): string => user;
  if (tokens.kind === "secret") {
    return {
      listed: undefined,
      desk: (runNumber) => signingDesk({ secret, serverUser: users(runNumber) }),
      plainDesk: signingDesk({ secret, serverUser: asTheyAre }),
    };
  }
  const teller = createTeller(tokens);
  const listed = tokens.kind === "list" ? new ListedUsers(tokens.tokens) : undefined;
  const ticketDesk =
    (serverUser: (user: string) => string): DeskOf =>
    (onMint) =>
      new TicketDesk({ teller, serverUser, onMint });
  return {
    listed,
    desk: (runNumber) => ticketDesk(listed?.mapping() ?? users(runNumber)),
    plainDesk: ticketDesk(asTheyAre),
  };
}

const randomSecret = (): string => randomBytes(32).toString("hex");
