import { expect, test } from "vitest";
import { isLoopback, secretsOf, withoutSecrets } from "./target.ts";

test("only addresses that no packet leaves the machine for count as this machine's", () => {
  const own = ["http://127.0.0.1:80", "http://127.9.8.7", "http://localhost:1", "http://[::1]:8080/x"];
  expect(own.filter(isLoopback)).toEqual(own);
  const others = [
    "http://10.0.0.1",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://[::2]",
  ];
  expect(others.filter(isLoopback)).toEqual([]);
});

test("no secret of a target is shown, nor what a word announces as one", () => {
  const secrets = secretsOf({
    hooks: { control: { token: "open-sesame" } },
    tokens: { kind: "list", tokens: [{ user: "ann", token: "aaa.bbb.ccc" }] },
  });
  expect(withoutSecrets("curl -H 'Authorization: Bearer open-sesame' -H x:aaa.bbb.ccc", secrets)).toBe(
    "curl -H 'Authorization: Bearer ***' -H x:***",
  );
  expect(withoutSecrets("mint --password hunter2 API_TOKEN=abc postgres://me:you@db/x", [])).toBe(
    "mint --password *** API_TOKEN=*** postgres://me:***@db/x",
  );
  expect(withoutSecrets("invalid eyJhbGciOi.eyJzdWIi.c2ln", [])).toBe("invalid ***");
});
