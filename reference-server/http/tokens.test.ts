// Each way in which a token can be bad, and the few in which an odd one is good.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as fc from "fast-check";
import { CompactSign, exportJWK, exportSPKI, generateKeyPair } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTokenVerifier } from "./tokens.ts";

const secret = "the secret of the tests, as long as it needs to be";
const nowMs = Date.parse("2026-05-01T12:00:00Z");
const nowSeconds = nowMs / 1_000;
const bytes = (text: string) => new TextEncoder().encode(text);

const verifier = createTokenVerifier({ kind: "shared secret", secret }, () => nowMs);

const signText = (claims: string, { alg = "HS256", key = bytes(secret) as Uint8Array } = {}) =>
  new CompactSign(bytes(claims)).setProtectedHeader({ alg }).sign(key);
const sign = (claims: object) => signText(JSON.stringify({ sub: "u", exp: nowSeconds + 60, ...claims }));
const verify = async (token: Promise<string> | string) => verifier.verify(await token);
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a token by the shared secret", () => {
  test("names its user, its device and its end", async () => {
    expect(await verify(sign({ device_id: "d" }))).toEqual({
      valid: true,
      user: "u",
      deviceId: "d",
      expiresAt: nowMs + 60_000,
    });
    expect(await verify(sign({ device_id: null }))).toMatchObject({ valid: true, deviceId: undefined });
    expect(await verify(sign({ device_id: 7 }))).toMatchObject({ valid: true, deviceId: "7" });
  });

  test.each<readonly [string, object]>([
    ["no end", { exp: undefined }],
    ["an end that is no number", { exp: "soon" }],
    ["an end that is now", { exp: nowSeconds }],
    ["an end in the past", { exp: nowSeconds - 1 }],
    ["a start more than 60 s ahead", { nbf: nowSeconds + 61 }],
    ["a start that is no number", { nbf: "now" }],
    ["a birth more than 60 s ahead", { iat: nowSeconds + 61 }],
    ["no user", { sub: undefined }],
    ["an empty user", { sub: "" }],
    ["a user that is null", { sub: null }],
    ["a user that is a list", { sub: ["u"] }],
    ["a user that is true", { sub: true }],
    ["a user too long for a key", { sub: "u".repeat(513) }],
  ])("with %s is bad", async (_what, claims) => {
    expect(await verify(sign(claims))).toMatchObject({ valid: false, reason: expect.any(String) });
  });

  test.each<readonly [string, object]>([
    ["that starts 60 s ahead", { nbf: nowSeconds + 60, iat: nowSeconds + 60 }],
    ["that ends in a second", { exp: nowSeconds + 1 }],
    ["that ends never, as far as anybody can tell", { exp: 1e300 }],
    ["of a long name in any script", { sub: "𝄞".repeat(512) }],
  ])("%s is good", async (_what, claims) => {
    const verdict = await verify(sign(claims));
    expect(verdict).toMatchObject({ valid: true });
    expect(verdict.valid && Number.isSafeInteger(verdict.expiresAt)).toBe(true);
  });

  test.each([
    ["42", "42"],
    ["0", "0"],
    ["-7", "-7"],
    ["9007199254740993", "9007199254740993"],
    ["1.5", "1.5"],
    ["1e3", "1000"],
    ["1e300", undefined],
    ["1e-9", undefined],
  ])("with the number %s for a user is of user %s", async (written, user) => {
    const verdict = await verify(
      signText(`{"act":{"sub":5},"sub":${written},"x":{"sub":6},"exp":${nowSeconds + 9}}`),
    );
    expect(verdict).toMatchObject(user === undefined ? { valid: false } : { valid: true, user });
  });

  test("whose claims are no JSON object is bad", async () => {
    for (const claims of ["[]", "null", "7", "{", "", "\u{FFFD}"]) {
      expect(await verify(signText(claims))).toMatchObject({ valid: false });
    }
  });

  test("signed with another key, by another algorithm or by none is bad", async () => {
    expect(
      await verify(signText("{}", { key: bytes("another secret of the same length, or so") })),
    ).toMatchObject({
      valid: false,
    });
    const claims = JSON.stringify({ sub: "u", exp: nowSeconds + 60 });
    expect(await verify(signText(claims, { alg: "HS512", key: bytes(secret.repeat(2)) }))).toMatchObject({
      valid: false,
    });
    for (const alg of ["none", "None", "HS256", undefined]) {
      const unsigned = `${base64({ alg })}.${base64({ sub: "u", exp: nowSeconds + 60 })}.`;
      expect(await verify(unsigned)).toMatchObject({ valid: false });
    }
    const header = base64({ alg: "HS256", crit: ["exp"], exp: 1 });
    expect(await verify(`${header}.${base64({ sub: "u" })}.AAAA`)).toMatchObject({ valid: false });
  });

  test("that was changed anywhere, or is any other text, is bad and never an error", async () => {
    const good = await sign({});
    const changed = fc
      .tuple(fc.nat(good.length - 1), fc.constantFrom(..."AZaz09-_.="))
      .map(([at, letter]) => `${good.slice(0, at)}${letter}${good.slice(at + 1)}`)
      // The last letter of each part carries bits that mean nothing.
      .filter((token) => Buffer.compare(decoded(token), decoded(good)) !== 0);
    await fc.assert(
      fc.asyncProperty(fc.oneof(changed, fc.string(), fc.base64String()), async (token) => {
        expect(await verify(token)).toMatchObject({ valid: false });
      }),
      { numRuns: 300 },
    );
  });

  const decoded = (token: string): Buffer =>
    Buffer.from(
      token
        .split(".")
        .map((part) => Buffer.from(part, "base64url").toString("hex"))
        .join("."),
    );
});

describe("a token by a key of a JWKS", () => {
  let server: Server;
  let url: URL;
  let jwks: unknown = { keys: [] };
  let status = 200;
  let fetches = 0;

  beforeAll(async () => {
    server = createServer((_request, response) => {
      fetches++;
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(jwks));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`);
  });

  afterAll(() => server.close());

  const makeKey = async (kid?: string) => {
    const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
    const header = { alg: "RS256", ...(kid === undefined ? {} : { kid }) };
    return {
      publicKey,
      jwk: { ...(await exportJWK(publicKey)), ...header, use: "sig" },
      sign: (named = kid) =>
        new CompactSign(bytes(JSON.stringify({ sub: "u", exp: Date.now() / 1_000 + 60 })))
          .setProtectedHeader({ alg: "RS256", ...(named === undefined ? {} : { kid: named }) })
          .sign(privateKey),
    };
  };
  const createVerifier = () => createTokenVerifier({ kind: "jwks", url, refetchPauseMs: 0 });

  test("is good; the set is fetched once, and again for a key that is not in it", async () => {
    const [first, second] = await Promise.all([makeKey("1"), makeKey("2")]);
    jwks = { keys: [first.jwk] };
    fetches = 0;
    const rotating = createVerifier();
    for (let round = 0; round < 3; round++) {
      expect(await rotating.verify(await first.sign())).toMatchObject({ valid: true, user: "u" });
    }
    expect(fetches).toBe(1);
    jwks = { keys: [second.jwk] };
    expect(await rotating.verify(await second.sign())).toMatchObject({ valid: true });
    expect(fetches).toBe(2);
    expect(await rotating.verify(await first.sign())).toMatchObject({ valid: false });
  });

  test("that names no key may be of any of the set", async () => {
    const [first, second, stranger] = await Promise.all([makeKey(), makeKey(), makeKey()]);
    jwks = { keys: [first.jwk, second.jwk] };
    expect(await createVerifier().verify(await second.sign())).toMatchObject({ valid: true });
    expect(await createVerifier().verify(await stranger.sign())).toMatchObject({ valid: false });
  });

  test("signed by HS256 with the text of the public key is bad", async () => {
    const { jwk, publicKey } = await makeKey("1");
    jwks = { keys: [jwk] };
    const claims = JSON.stringify({ sub: "u", exp: Date.now() / 1_000 + 60 });
    const forged = await signText(claims, { key: bytes(await exportSPKI(publicKey)) });
    expect(await createVerifier().verify(forged)).toMatchObject({ valid: false });
    expect(await createVerifier().verify(await sign({}))).toMatchObject({ valid: false });
  });

  test("cannot be judged while the set cannot be had: an error, not a verdict", async () => {
    const { jwk, sign: signIt } = await makeKey("1");
    const token = await signIt();
    const broken = createVerifier();
    status = 500;
    await expect(broken.verify(token)).rejects.toThrow();
    status = 200;
    jwks = { no: "keys" };
    await expect(broken.verify(token)).rejects.toThrow();
    const nowhere = createTokenVerifier({ kind: "jwks", url: new URL("http://127.0.0.1:1/jwks") });
    await expect(nowhere.verify(token)).rejects.toThrow();
    jwks = { keys: [jwk] };
    expect(await broken.verify(token)).toMatchObject({ valid: true });
  });
});
