import { expect, test } from "vitest";
import { placeOf, problemOfServer, unavailable } from "./unusable-server.ts";

const fine = { versionNumber: 150_018, version: "15.18", role: "app", mayCreateDatabases: true };

test("a server of the oldest major whose user may create databases is fine", () => {
  expect(problemOfServer(fine, "h:5432")).toBeUndefined();
});

test("an older one is told which version was seen, and which is expected", () => {
  const old = { ...fine, versionNumber: 140_023, version: "14.23 (Debian 14.23-1)" };
  expect(problemOfServer(old, "h:5432")).toMatch(
    /h:5432 is version 14\.23.*expected 15 or newer.*--database embedded/su,
  );
});

test("a user without the right is told the statement that gives it", () => {
  expect(problemOfServer({ ...fine, mayCreateDatabases: false }, "h")).toContain('ALTER ROLE "app" CREATEDB');
});

test("of a URL, host and port are all that is shown", () => {
  expect(placeOf("postgresql://u:secret@h:5433/d?x=1")).toBe("h:5433");
});

const driverError = (code: string | undefined, message: string): Error =>
  Object.assign(new Error(message), { code });

test.each([
  [driverError("ENOTFOUND", "getaddrinfo ENOTFOUND db"), /No such host/u],
  [driverError("28P01", 'password authentication failed for user "u"'), /Correct user and password/u],
  [driverError("3D000", 'database "x" does not exist'), /Name a database that exists/u],
  [driverError("53300", "sorry, too many clients already"), /max_connections/u],
  [driverError(undefined, "The server does not support SSL connections"), /sslmode/u],
  [driverError(undefined, "timeout expired"), /Nothing answers/u],
  [
    new AggregateError([driverError("ECONNREFUSED", "connect ECONNREFUSED ::1:5432")]),
    /ECONNREFUSED ::1:5432.*Start it/u,
  ],
])("%s comes with advice, and with a way out", (error, advice) => {
  const { message, code } = unavailable("h:5432", error);
  expect(code).toBe("database_unavailable");
  expect(message).toMatch(advice);
  expect(message).toMatch(/h:5432.*--database embedded/su);
});
