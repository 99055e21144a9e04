import { expect, test } from "vitest";
import { givenCommand } from "./invocation.ts";

test("a command in a report has no passwords", () => {
  const words = ["live", "--database", "postgresql://app:s3@cr:et@db:5432/x", "--seed", "a b"];
  expect(givenCommand(words)).toBe("seatrial live --database 'postgresql://app:***@db:5432/x' --seed 'a b'");
});

test("a command in a report has no secrets of a server under test", () => {
  const words = ["certify", "--jwt-secret", "abc", "--control-token=def", "--url", "http://127.0.0.1:1"];
  expect(givenCommand(words)).toBe(
    "seatrial certify --jwt-secret '***' '--control-token=***' --url http://127.0.0.1:1",
  );
});

test("nor the secrets that flags and variables say", () => {
  const words = [
    "certify",
    "--url",
    "http://h",
    "--jwt-secret",
    "s3 cret",
    "--control-token=t0k",
    "--token-cmd",
    "./mint",
  ];
  expect(givenCommand([...words, "--", "env", "JWT_SECRET=x y", "./serve", "--token", "-v"])).toBe(
    "seatrial certify --url http://h --jwt-secret '***' '--control-token=***' --token-cmd ./mint -- env 'JWT_SECRET=***' ./serve --token -v",
  );
});
