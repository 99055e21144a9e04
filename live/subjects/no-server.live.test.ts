// Servers that do not come up as they should: what is said of each tells its implementer what to do.
import { expect, test } from "vitest";
import { ServerProcess } from "./server-process.ts";
import { SubjectFailed } from "./subject.ts";

function createServer(script: string, startTimeoutMs = 1_500): ServerProcess {
  return new ServerProcess({
    name: "server",
    command: {
      title: "./my-server",
      file: process.execPath,
      args: ["-e", `const { createServer } = require("node:http"); ${script}`],
      env: {},
      readiness: { healthPath: "/healthz" },
      startTimeoutMs,
    },
    env: {},
    onUnexpectedEnd: () => undefined,
    stopTimeoutMs: 300,
  });
}

async function failureOf(script: string): Promise<string> {
  const server = createServer(script);
  const error: unknown = await server.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SubjectFailed);
  expect(server.url).toBeUndefined();
  return (error as SubjectFailed).message;
}

const answering = (how: string): string =>
  `createServer((request, response) => { ${how} }).listen(process.env.PORT, process.env.HOST);`;

test.concurrent("one that never listens is told by its time-out and what it wrote last", async () => {
  const said = await failureOf(`console.error("waiting for the moon"); setInterval(() => {}, 1000);`);
  expect(said).toMatch(/was not up within 1500 ms: nobody listens at 127\.0\.0\.1:\d+\./u);
  expect(said).toContain("waiting for the moon");
  expect(said).toContain("--start-timeout");
});

test.concurrent("one that dies at its start is told by its exit code and what it wrote last", async () => {
  const said = await failureOf(`console.error("no such table"); process.exit(7);`);
  expect(said).toMatch(/ended with exit code 7\..*no such table/su);
});

test.concurrent("one whose health path is another is told what it answers there", async () => {
  const said = await failureOf(
    answering(`response.writeHead(404, { "content-type": "text/html" }); response.end("<html>no</html>");`),
  );
  expect(said).toMatch(/GET http:\/\/127\.0\.0\.1:\d+\/healthz answers 404 \(text\/html\).*--health/su);
});

test.concurrent("one that sends elsewhere is told where to", async () => {
  const said = await failureOf(
    answering(`response.writeHead(302, { location: "https://example.test/login" }); response.end();`),
  );
  expect(said).toContain("answers 302 and sends to https://example.test/login");
});

test.concurrent("one that listens on another port is told on which", async () => {
  const said = await failureOf(
    `const server = createServer((request, response) => response.end("ok"));
     server.listen(0, "127.0.0.1", () => console.log("port " + server.address().port));`,
  );
  const port = /port (\d+)/u.exec(said)?.[1];
  if (process.platform === "linux") {
    expect(said).toContain(`it listens on ${port} instead of the PORT`);
  }
});

test.concurrent("one that takes connections and never answers is told so", async () => {
  const server = createServer(answering(""), 4_000);
  const error: unknown = await server.start().catch((reason: unknown) => reason);
  expect(String(error)).toContain("was taken and not answered");
});

test.concurrent("one that listens late, but in time, is up", async () => {
  const server = createServer(`setTimeout(() => { ${answering(`response.end("ok");`)} }, 700);`, 20_000);
  await server.start();
  expect((await fetch(server.url!)).status).toBe(200);
  await server.stop();
});

test.concurrent("one that does not end on SIGTERM is killed, and that is written down", async () => {
  const server = createServer(`process.on("SIGTERM", () => {}); ${answering(`response.end("ok");`)}`, 20_000);
  await server.start();
  await server.stop();
  expect(server.url).toBeUndefined();
  expect(server.lastLines().join("\n")).toContain("did not end in time after SIGTERM and was killed");
});
