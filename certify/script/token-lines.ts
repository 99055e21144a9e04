// How a script comes by its tokens. They are secrets, so none stands in it: whoever runs it hands them over, or the secret
// that the server verifies them with, and then each is made with what it said in the recorded run, at times counted from
// the present and for users whom the server has never seen.
import type { JsonValue } from "../../protocol/json.ts";
import type { WireRecord, WireToken } from "../../live/wire-record.ts";
import { doubleQuoted, shellWord } from "./shell-text.ts";

/** Claims that are times. Units: seconds since the epoch. */
const timeClaims: ReadonlySet<string> = new Set(["exp", "iat", "nbf"]);

/** The name of a user in a shell. */
export const userVariable = (user: string): string => `USER_${variablePart(user)}`;
export const deviceVariableOf = (who: string): string => `DEVICE_${variablePart(who)}`;
export const tokenVariable = (name: string): string => `TOKEN_${variablePart(name)}`;

/** Lines that set every token that is used. */
export function tokenLines(
  { tokens, users }: Pick<WireRecord, "tokens" | "users">,
  deviceOf: (token: string) => string,
): readonly string[] {
  if (tokens.length === 0) return [];
  const usersUsed = Object.keys(users);
  return [
    "# Tokens: hand over your own (TOKEN_laptop=… sh this-file), or a command that prints one",
    "# (TOKEN_CMD='./mint {user} {device}'), or the secret of a server that verifies HS256 (JWT_SECRET=…).",
    "# Users are new in every run, so that nothing is left over from the last one; with tokens of your own, say whose",
    "# they are (USER_alice=…).",
    "RUN=${RUN:-$(date +%s)}; NOW=$(date +%s)",
    ...usersUsed.map((user) => {
      const variable = userVariable(user);
      return `[ -n "\${${variable}:-}" ] || ${variable}=${doubleQuoted([{ text: user }, { variable: "RUN" }])}`;
    }),
    ...mintFunctions,
    ...tokens.map((token) => tokenLine(token, { users, deviceOf })),
  ];
}

const mintFunctions: readonly string[] = [
  "b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }",
  "mint() { # CLAIMS SECRET",
  `  [ -n "$2" ] || { echo 'no token: set JWT_SECRET, TOKEN_CMD, or the token itself' >&2; return 1; }`,
  `  t=$(printf '{"alg":"HS256","typ":"JWT"}' | b64).$(printf '%s' "$1" | b64)`,
  `  printf '%s.%s' "$t" "$(printf '%s' "$t" | openssl dgst -sha256 -hmac "$2" -binary | b64)"`,
  "}",
  "token() { # USER DEVICE CLAIMS",
  `  if [ -z "\${TOKEN_CMD:-}" ]; then mint "$3" "\${JWT_SECRET:-}"`,
  `  else sh -c "$(printf '%s' "$TOKEN_CMD" | sed "s/{user}/$1/g; s/{device}/$2/g")"; fi`,
  "}",
];

function tokenLine(
  token: WireToken,
  { users, deviceOf }: { readonly users: WireRecord["users"]; readonly deviceOf: (token: string) => string },
): string {
  const { name, user, spec, claims } = token;
  const variable = tokenVariable(name);
  const set = (value: string): string => `[ -n "\${${variable}:-}" ] || ${variable}=${value}`;
  if (spec?.kind === "malformed" || spec?.kind === "none") return `${variable}=not-a-token`;
  const said = claims === undefined ? '""' : claimsWord(token, users);
  const secret = spec?.kind === "wrong-signature" ? '"not ${JWT_SECRET:-it}"' : '"${JWT_SECRET:-}"';
  if (spec !== undefined) return `${set(`$(mint ${said} ${secret})`)}   # ${spec.kind}`;
  const who = `"$${userVariable(user)}"`;
  return set(`$(token ${who} ${deviceOf(name)} ${said})`);
}

/** The claims with the user and the times of this run. */
function claimsWord({ claims = {}, madeAtMs }: WireToken, users: WireRecord["users"]): string {
  const madeAt = Math.floor(madeAtMs / 1_000);
  const members = Object.entries(claims).map(([name, value]) => {
    const said = claimText(value, { isTime: timeClaims.has(name), madeAt, users });
    return `${JSON.stringify(name).replaceAll('"', String.raw`\"`)}:${said}`;
  });
  return `"{${members.join(",")}}"`;
}

/** Inside of double quotes. */
function claimText(
  value: JsonValue,
  told: { readonly isTime: boolean; readonly madeAt: number; readonly users: WireRecord["users"] },
): string {
  const { isTime, madeAt, users } = told;
  if (isTime && typeof value === "number" && value > leastTime)
    return value === madeAt ? "$NOW" : `$((NOW${value < madeAt ? "" : "+"}${value - madeAt}))`;
  const user = Object.entries(users).find(([, serverUser]) => serverUser === String(value))?.[0];
  if (user === undefined) return JSON.stringify(value).replaceAll(/[\\"$`]/gu, String.raw`\$&`);
  return typeof value === "number" ? `$${userVariable(user)}` : `\\"$${userVariable(user)}\\"`;
}

/** A smaller number is no time of a clock but a scenario's own: the token of 1970. */
const leastTime = 1_000_000_000;

/** What a user is called on the server, as a shell has it. */
export const serverUserWord = (body: unknown, users: WireRecord["users"]): string => {
  const text = JSON.stringify(body);
  const found = Object.entries(users).find(([, serverUser]) => text.includes(JSON.stringify(serverUser)));
  if (found === undefined) return shellWord([{ text }]);
  const [user, serverUser] = found;
  const [before = "", ...after] = text.split(serverUser);
  return shellWord([{ text: before }, { variable: userVariable(user) }, { text: after.join(serverUser) }]);
};

const variablePart = (name: string): string => name.replaceAll(/\W/gu, "_");
