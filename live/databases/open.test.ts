import { expect, test } from "vitest";
import { openDatabases } from "./open.ts";

test.each([
  ["nobody listens", "postgresql://u:p@127.0.0.1:1/postgres", /127\.0\.0\.1:1.*ECONNREFUSED.*Start it/u],
  ["the URL is none", "mysql://u:p@127.0.0.1/x", /Expected postgresql:/u],
])("where %s, the error says what was seen and what to do", async (_case, url, message) => {
  await expect(openDatabases({ kind: "url", url })).rejects.toMatchObject({
    code: "database_unavailable",
    message: expect.stringMatching(message) as string,
  });
});
