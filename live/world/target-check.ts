// Is there somebody to test at all, and what can be asked of it beside the protocol? Found out once, before the first
// scenario: a wrong address, a wrong secret or a hook that is not there would otherwise look like hundreds of violations.
// What is odd about the protocol itself is left to the scenarios; only where nothing can be said at all is it said here.
import type { HttpRequest, HttpResponse } from "../../protocol/http.ts";
import { HookUnanswered } from "../subjects/control.ts";
import { SubjectFailed } from "../subjects/subject.ts";
import { unansweredText } from "../subjects/health.ts";
import { Unanswered } from "./raw-exchange.ts";
import type { Group } from "./group.ts";
import type { LiveProtocol } from "./protocol.ts";
import { readFrom } from "./read-server.ts";
import type { TokenDesk } from "./token-desk.ts";

export interface Standing {
  readonly works: boolean;
  /** What was seen, as a sentence without its end. */
  readonly seen: string;
}

export interface HookStanding extends Standing {
  /** It can be asked. One that is there and fails is a server's failure, and shows in what is run. */
  readonly isThere: boolean;
}

/** What was found out. */
export interface TargetStanding {
  readonly compact: HookStanding;
  readonly clock: HookStanding;
}

export interface TargetCheckOptions {
  readonly group: Group;
  readonly protocol: LiveProtocol;
  /** Names users as the server does. */
  readonly desk: TokenDesk;
  /** Of whom the server has never heard. */
  readonly user: string;
}

/** Asks for a user's log, and for each hook what changes nothing.
 *  Errors: `SubjectFailed` for a server of which nothing can be said. */
export async function checkTarget(options: TargetCheckOptions): Promise<TargetStanding> {
  await knock(options);
  const { group, user } = options;
  const subject = group.subjects[0]!;
  return {
    compact: await tryHook(() => group.compact(subject, user)),
    clock: await tryHook(() => group.readClock()),
  };
}

/** How many entries a user's log has; undefined where it cannot be read. */
export async function entriesOf(options: TargetCheckOptions): Promise<number | undefined> {
  try {
    return (await read(options, () => undefined)).entries;
  } catch {
    return undefined;
  }
}

async function knock(options: TargetCheckOptions): Promise<void> {
  let last: { readonly request: HttpRequest; readonly response: HttpResponse } | undefined;
  const url = options.group.subjects[0]!.url!;
  if (!url.startsWith("http:")) {
    throw new SubjectFailed(
      "unusable",
      `${url} speaks TLS, and Seatrial's fault proxies do not; give the http: address behind it`,
    );
  }
  try {
    await read(options, (request, response) => {
      last = { request, response };
    });
  } catch (error) {
    if (error instanceof SubjectFailed) throw error;
    if (error instanceof Unanswered) {
      const cause = error.cause instanceof Error ? error.cause : error;
      throw new SubjectFailed(
        "unusable",
        `the server under test cannot be asked: ${unansweredText(url, cause)}`,
      );
    }
    const why = last === undefined ? undefined : whyUnusable(url, last.request, last.response);
    if (why !== undefined) throw new SubjectFailed("unusable", why);
    // It speaks, if not as it should: that is what scenarios are for.
    if (last === undefined) throw error;
  }
}

function read(
  { group, protocol, desk, user }: TargetCheckOptions,
  onResponse: (request: HttpRequest, response: HttpResponse) => void,
): ReturnType<LiveProtocol["readAccount"]> {
  const server = group.subjects[0]!.url!;
  return protocol.readAccount({
    user,
    token: desk.mint(user),
    exchange: async (request) => {
      const response = await readFrom(server, request, { wire: untold, desk });
      onResponse(request, response);
      return response;
    },
  });
}

const untold = { straight: <Answer>(_asked: unknown, exchange: () => Promise<Answer>) => exchange() };

function whyUnusable(url: string, request: HttpRequest, response: HttpResponse): string | undefined {
  const { status, body, headers } = response;
  const text = typeof body === "string" ? body.trim() : JSON.stringify(body ?? "");
  const asked = `${request.method} ${url}${request.path}`;
  const seen = `${asked} answers ${status}`;
  if (status >= 300 && status < 400) {
    return `${seen} and sends to ${headers["location"] ?? "nowhere"}; give the address where the server itself is`;
  }
  if (typeof body === "string" && /^<(?:!doctype|html|\?xml|head|body)/iu.test(text)) {
    const isTls = /https/iu.test(text) && status === 400;
    return isTls
      ? `${seen}: that port speaks TLS, and Seatrial's fault proxies do not; give the http: address behind it`
      : `${seen} with HTML (${text.slice(0, 60).replaceAll(/\s+/gu, " ")}…); something else than the server under test is there`;
  }
  if (status === 401 || status === 403) {
    return `${seen} ${text.slice(0, 200)} to a token that should be good; is the secret, the token command or the list meant for this server?`;
  }
  if (status === 404 || status === 405 || status === 501) {
    return `${seen} ${text.slice(0, 200)}; expected the protocol there: is a part of the path missing in the address?`;
  }
  return undefined;
}

async function tryHook(ask: () => Promise<unknown>): Promise<HookStanding> {
  try {
    await ask();
    return { works: true, isThere: true, seen: "works" };
  } catch (error) {
    if (error instanceof SubjectFailed) return { works: false, isThere: false, seen: error.message };
    if (!(error instanceof HookUnanswered)) throw error;
    const { status, message } = error;
    // 501: Not Implemented. Where no answer came, or a command failed, there is nobody who could have.
    return { works: false, isThere: status !== undefined && status !== 501, seen: message };
  }
}
