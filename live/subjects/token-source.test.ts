import { expect, test } from "vitest";
import { createTeller, ListedUsers, needsSecret } from "./token-source.ts";

const jwt = (claims: object): string =>
  `head.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.Signature`;

test("a command gives tokens for a user and a device, and is asked once for each", async () => {
  const teller = createTeller({ kind: "command", command: "echo {user}.{device}.$$" });
  const first = await teller.tell("ann", "d1");
  expect(first).toMatch(/^ann\.d1\.\d+$/u);
  expect(await teller.tell("ann", "d1")).toBe(first);
  expect(await teller.tell("ann", "d2")).toMatch(/^ann\.d2\./u);
});

test("a name with blanks and quotes reaches the command as it is", async () => {
  const teller = createTeller({ kind: "command", command: "printf %s {user} | wc -c | tr -d ' '" });
  expect(await teller.tell("a 'b' \"c\" $d", "x")).toBe("12");
});

test("a token that runs out is asked for anew", async () => {
  const token = jwt({ exp: Math.floor(Date.now() / 1_000) + 5 });
  const teller = createTeller({ kind: "command", command: `echo ${token}$$` });
  expect(await teller.tell("ann", "x")).not.toBe(await teller.tell("ann", "x"));
});

test("a command that gives no token is an error with what it wrote, and without what is secret in it", async () => {
  const failing = createTeller({ kind: "command", command: "echo no key --password hunter2 >&2; exit 3" });
  const error: unknown = await failing.tell("ann", "x").catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: "SubjectFailed", code: "token_failed" });
  expect(String(error)).toMatch(/exit code 3\. It wrote: no key --password \*\*\*/u);
  const chatty = createTeller({ kind: "command", command: "echo here is your token: abc" });
  await expect(chatty.tell("ann", "x")).rejects.toThrow(/printed 5 words; expected the token alone/u);
});

test("without the secret there are good tokens, none, none at all, and tampered ones; nothing else", async () => {
  const teller = createTeller({ kind: "list", tokens: [{ user: "ann", token: "a.b.Sig" }] });
  expect(await teller.tell("ann", "x")).toBe("a.b.Sig");
  expect(await teller.tell("ann", "x", { kind: "none" })).toBe("");
  expect(await teller.tell("ann", "x", { kind: "malformed" })).toBe("not-a-token");
  expect(await teller.tell("ann", "x", { kind: "wrong-signature" })).toBe("a.b.Aig");
  expect(await teller.tell("ann", "x", { kind: "expired" })).toBeUndefined();
  expect(await teller.tell("bob", "x")).toBeUndefined();
  expect(
    [{ kind: "expired" }, { kind: "wrong-signature" }].map((spec) => needsSecret(spec as never)),
  ).toEqual([true, false]);
});

test("a token for one device serves that device alone", async () => {
  const tokens = [{ user: "ann", device: "D1", token: "one" }];
  const teller = createTeller({ kind: "list", tokens });
  expect([await teller.tell("ann", "d1"), await teller.tell("ann", "d2")]).toEqual(["one", undefined]);
  expect(new ListedUsers(tokens).left).toBe(0);
});

test("each user of a list is given to one run, and then there are none", () => {
  const users = new ListedUsers(["u1", "u2", "u3"].map((user) => ({ user, token: user })));
  const first = users.mapping();
  expect([first("alice"), first("bob"), first("alice")]).toEqual(["u1", "u2", "u1"]);
  users.strike("u3");
  const second = users.mapping();
  expect(() => second("alice")).toThrow(/each of the 3 that --tokens lists/u);
});
