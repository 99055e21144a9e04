// Where a run has its tokens. With the servers' secret Seatrial signs them itself. Otherwise a device carries a ticket, which
// says who it is for, and the ticket is changed for a token on its way out: only there is it known which device asks, and
// only there can be waited for somebody's command.
import type { TokenSpec } from "../../scenarios/format/types.ts";
import type { Carrier } from "../faults/wire.ts";
import { SubjectFailed } from "../subjects/subject.ts";
import type { TokenTeller } from "../subjects/token-source.ts";

/** The accounts of one run. */
export interface TokenDesk {
  /** How a user of the scenario is called on the servers.
   *  Errors: `UsersExhausted` where there is no user left who has no history. */
  serverUser(user: string): string;
  /** What a device of this user carries: a token or a ticket, good or bad as the scenario asks. */
  mint(user: string, spec?: TokenSpec): string;
  /** The token for what is carried.  Errors: `SubjectFailed`. */
  redeem(carried: string, deviceId: string): Promise<string>;
}

/** Hears of every token that is made, so that nobody writes it down by mistake. */
export type OnMint = (token: string, user: string, spec: TokenSpec | undefined) => void;

/** Opens the desk of one run. */
export type DeskOf = (onMint: OnMint) => TokenDesk;

export interface TicketDeskOptions {
  readonly teller: TokenTeller;
  readonly serverUser: (user: string) => string;
  readonly onMint: OnMint;
}

/** Three parts, as a device asks of a token. */
const ticketPattern = /^seatrial\.([\w-]+)\.ticket$/u;

export class TicketDesk implements TokenDesk {
  readonly #options: TicketDeskOptions;

  constructor(options: TicketDeskOptions) {
    this.#options = options;
  }

  serverUser(user: string): string {
    return this.#options.serverUser(user);
  }

  mint(user: string, spec?: TokenSpec): string {
    if (spec?.kind === "none") return "";
    if (spec?.kind === "malformed") return "not-a-token";
    const content = JSON.stringify([user, spec ?? null]);
    return `seatrial.${Buffer.from(content).toString("base64url")}.ticket`;
  }

  async redeem(carried: string, deviceId: string): Promise<string> {
    const content = ticketPattern.exec(carried)?.[1];
    if (content === undefined) return carried;
    const [user, spec] = JSON.parse(Buffer.from(content, "base64url").toString("utf8")) as [
      string,
      TokenSpec | null,
    ];
    const token = await this.#options.teller.tell(this.serverUser(user), deviceId, spec ?? undefined);
    if (token !== undefined) {
      this.#options.onMint(token, user, spec ?? undefined);
      return token;
    }
    throw new SubjectFailed(
      "token_failed",
      `no token of the kind "${spec?.kind ?? "good"}" can be had for ${user} without the secret`,
    );
  }
}

type Headers = Readonly<Record<string, string>>;

/** A request as it goes out. */
export async function redeemed<Request extends { readonly path: string; readonly headers: Headers }>(
  request: Request,
  desk: TokenDesk,
): Promise<Request> {
  const { path, headers } = request;
  const entry = Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization");
  const carried = entry === undefined ? undefined : /^Bearer (.*)$/u.exec(entry[1])?.[1];
  if (carried === undefined) return request;
  const named = Object.entries(headers).find(([name]) => name.toLowerCase() === "x-device-id")?.[1];
  const deviceId = named ?? URL.parse(path, "http://server")?.searchParams.get("device_id") ?? "";
  const token = await desk.redeem(carried, deviceId);
  if (token === carried) return request;
  return { ...request, headers: { ...headers, [entry![0]]: `Bearer ${token}` } };
}

/** A carrier that changes tickets. `onFailure` hears of tokens that cannot be had; whoever asked is never answered. */
export function redeemingCarrier(
  carrier: Carrier,
  desk: TokenDesk,
  onFailure: (error: unknown) => void,
): Carrier {
  const change = <Request extends { readonly path: string; readonly headers: Headers }>(
    request: Request,
  ): Promise<Request> =>
    redeemed(request, desk).catch((error: unknown) => {
      onFailure(error);
      return new Promise<never>(() => undefined);
    });
  return {
    exchange: async (request) => carrier.exchange(await change(request)),
    openSocket: async (request, handlers) => carrier.openSocket(await change(request), handlers),
  };
}
