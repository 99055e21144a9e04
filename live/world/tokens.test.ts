import { jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { freshUsers, TokenMint } from "./tokens.ts";

const secret = "a secret of these tests";
const key = new TextEncoder().encode(secret);
const mint = new TokenMint({ secret, serverUser: freshUsers(7) });
const verify = (token: string) => jwtVerify(token, key);

describe("a minted token", () => {
  test("is good and names the run's user", async () => {
    const { payload } = await verify(mint.mint("alice"));
    expect(payload.sub).toBe("alice100007");
    expect(payload.exp! - payload.iat!).toBeGreaterThan(86_400);
  });

  test.each([
    ["wrong-signature", "ERR_JWS_SIGNATURE_VERIFICATION_FAILED"],
    ["expired", "ERR_JWT_EXPIRED"],
    ["not-yet", "ERR_JWT_CLAIM_VALIDATION_FAILED"],
    ["malformed", "ERR_JWS_INVALID"],
  ] as const)("that is %s is refused for that reason", async (kind, code) => {
    await expect(verify(mint.mint("alice", { kind }))).rejects.toMatchObject({ code });
  });

  test("can be spoilt in any claim", async () => {
    const token = mint.mint("alice", {
      kind: "custom",
      claims: { device_id: null },
      fromNowMs: { nbf: -30_000 },
      without: ["iat"],
    });
    const { payload } = await verify(token);
    expect(payload).toMatchObject({ sub: "alice100007", device_id: null });
    expect(payload.iat).toBeUndefined();
    expect(payload.nbf).toBeLessThan(Date.now() / 1_000);
  });

  test("names one user by a number and by its digits", async () => {
    const { payload: byText } = await verify(mint.mint("42"));
    const { payload: byNumber } = await verify(mint.mint("alice", { kind: "custom", claims: { sub: 42 } }));
    expect(byNumber.sub).toBe(Number(byText.sub));
  });
});

test("fresh users of two runs are never the same", () => {
  const users = [1, 2, 11, 12].map((run) => freshUsers(run));
  const names = ["a", "a1", "a10000", "1"].flatMap((name) => users.map((user) => user(name)));
  expect(new Set(names).size).toBe(names.length);
});
