import { expect, test } from "vitest";
import { upstreamOf } from "./upstream.ts";

test("the proxy's URL differs from the database's in the address only", () => {
  const upstream = upstreamOf(
    "postgresql://u:p%40ss@db.example:6543/odd%20name?application_name=x&sslmode=prefer",
  );
  expect(upstream).toMatchObject({ host: "db.example", port: 6543 });
  expect(upstream.urlAt("127.0.0.1", 99)).toBe(
    "postgresql://u:p%40ss@127.0.0.1:99/odd%20name?application_name=x&sslmode=disable",
  );
});

test.each([
  ["postgres://u@db/x", "db", 5432],
  ["postgresql://u@[::1]:99/x", "::1", 99],
  ["postgresql://u@ignored/x?host=other&port=77", "other", 77],
])("%s leads to %s, port %i", (url, host, port) => expect(upstreamOf(url)).toMatchObject({ host, port }));

test.each([
  ["mysql://u@db/x", /Expected postgresql:/u],
  ["postgresql:///x?host=/var/run/postgresql", /the socket \/var\/run\/postgresql.*TCP only/u],
  ["postgresql:///x", /no host/u],
  ["postgresql://u@db/x?host=a&port=1,2", /the port NaN/u],
  ["postgresql://u@db/x?sslmode=require", /demands encryption \(sslmode=require\).*hostnossl/u],
  ["postgresql://u@db/x?ssl=true", /demands encryption \(ssl=true\)/u],
])("%s is refused, and the error says what was seen and what would do", (url, message) => {
  expect(() => upstreamOf(url)).toThrow(
    expect.objectContaining({
      code: "upstream_unsupported",
      message: expect.stringMatching(message) as string,
    }),
  );
});
