import { expect, test } from "vitest";
import { givenCommand } from "./invocation.ts";

test("a command in a report has no passwords", () => {
  const words = ["live", "--database", "postgresql://app:s3@cr:et@db:5432/x", "--seed", "a b"];
  expect(givenCommand(words)).toBe("seatrial live --database 'postgresql://app:***@db:5432/x' --seed 'a b'");
});
