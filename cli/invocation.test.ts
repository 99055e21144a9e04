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
