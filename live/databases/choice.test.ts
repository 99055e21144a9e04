import { describe, expect, test } from "vitest";
import { databaseChoiceOf, defaultImage, readDatabaseChoice } from "./choice.ts";

describe("a word names a database", () => {
  test.each([
    ["embedded", { kind: "embedded" }],
    ["embedded:16", { kind: "embedded", major: 16 }],
    ["container", { kind: "container", image: defaultImage }],
    ["container:postgres:17", { kind: "container", image: "postgres:17" }],
    [
      "container:registry:5000/our/postgres@sha256:ab",
      { kind: "container", image: "registry:5000/our/postgres@sha256:ab" },
    ],
    ["postgresql://u:p@h:1/d", { kind: "url", url: "postgresql://u:p@h:1/d" }],
    ["postgres://h", { kind: "url", url: "postgres://h" }],
  ])("%s", (text, choice) => {
    expect(readDatabaseChoice(text)).toEqual(choice);
  });

  test.each([
    "",
    "embedded:14",
    "embedded:",
    "container:",
    "docker",
    "mysql://h/d",
    "Embedded",
    "postgresql",
  ])("%j does not, and the error says which words do", (text) => {
    expect(() => readDatabaseChoice(text)).toThrow(/Expected embedded, embedded:15\|16\|17\|18, container/u);
  });

  test("a URL that is none is not repeated, since there may be a password in it", () => {
    for (const text of ["postgresql://u:secret@h:port/d", "postgresq://u:secret@h/d"]) {
      expect(() => readDatabaseChoice(text)).toThrow(/^(?!.*secret).*Expected/su);
    }
  });
});

describe("the environment", () => {
  test.each([
    [{}, { kind: "embedded" }],
    [{ DATABASE_URL: "", SEATRIAL_DATABASE: "" }, { kind: "embedded" }],
    [{ DATABASE_URL: "postgresql://h/d" }, { kind: "url", url: "postgresql://h/d" }],
    [
      { DATABASE_URL: "postgresql://h/d", SEATRIAL_DATABASE: "embedded:17" },
      { kind: "embedded", major: 17 },
    ],
  ])("%j", (environment, choice) => {
    expect(databaseChoiceOf(environment)).toEqual(choice);
  });

  test("is named by the error where it names no database", () => {
    expect(() => databaseChoiceOf({ DATABASE_URL: "sqlite:x" })).toThrow(
      /^DATABASE_URL: "sqlite:x" names no/u,
    );
  });
});
