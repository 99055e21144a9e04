// Which server, whose account, with which token. Queue, cursor and clock belong to one (profile, server, user): the
// account key says which, and a binding with another key opens another account.

/** What a user enters. An empty `server` clears the URL. */
export interface Binding {
  readonly server: string;
  readonly token: string;
  readonly profile?: string;
  readonly user: string;
}

/** The binding in the form in which it is kept and compared. `accountKey` is empty where there is no server. */
export interface CheckedBinding {
  readonly server: string;
  readonly token: string;
  readonly profile: string;
  readonly user: string;
  readonly accountKey: string;
}

/** Trims, checks and normalises; two spellings of one URL are one server.
 *  Errors: `BindingRefused`.  Source: WF-DEV-14, WF-DEV-15. */
export function checkBinding(binding: Binding): CheckedBinding {
  const { user, profile = "" } = binding;
  const server = checkServer(binding.server);
  if (server === "") return { server, token: "", profile, user, accountKey: "" };
  if (user === "") throw new BindingRefused("expected a user, got an empty text");
  const token = checkToken(binding.token);
  return { server, token, profile, user, accountKey: JSON.stringify([profile, server, user]) };
}

/** The token trimmed.
 *  Errors: `BindingRefused` unless it has three dot-separated parts.  Source: WF-DEV-15. */
export function checkToken(token: string): string {
  const trimmed = token.trim();
  if (!/^[^\s.]+\.[^\s.]+\.[^\s.]+$/u.test(trimmed)) {
    throw new BindingRefused("expected a token of three dot-separated parts");
  }
  return trimmed;
}

function checkServer(server: string): string {
  const trimmed = server.trim();
  if (trimmed === "") return "";
  const url = URL.parse(trimmed);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new BindingRefused(`expected an http or https URL, got ${trimmed}`);
  }
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw new BindingRefused("expected a URL without query, fragment and credentials");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/u, "")}`;
}

/** The binding is not one; the device keeps what it had. */
export class BindingRefused extends Error {
  readonly code = "binding_refused";
  override readonly name = "BindingRefused";
}
