import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { setStage, type Stage } from "./counting-server.contract.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

interface Told {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly string[];
  readonly trailers: readonly string[];
  readonly body: Buffer;
}

interface Message {
  readonly headers: readonly string[];
  readonly chunks: readonly Uint8Array[];
}

/** What the proxy's two connections say about themselves, and not about the message. */
const hopByHop = new Set(["connection", "keep-alive"]);

const endToEnd = (headers: readonly string[]): readonly string[] =>
  headers.flatMap((name, index) =>
    index % 2 === 0 && !hopByHop.has(name.toLowerCase()) ? [name, headers[index + 1]!] : [],
  );

const framing = ({ headers, chunks }: Message, isChunked: boolean): string[] => {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return isChunked
    ? [...headers, "Transfer-Encoding", "chunked"]
    : [...headers, "Content-LENGTH", String(size)];
};

const bytesOf = ({ chunks }: Message): Buffer => Buffer.concat(chunks);

/** Sends exactly these header lines. */
function tell(line: {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly chunks: readonly Uint8Array[];
}): Promise<Told> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, chunks } = line;
    const asked = httpRequest(stage.line.url, { method, path, headers, agent: false });
    asked.once("error", reject);
    asked.once("response", (reply) => void hear(reply).then(resolve, reject));
    for (const chunk of chunks) asked.write(chunk);
    asked.end();
  });
}

async function hear(reply: IncomingMessage): Promise<Told> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk as Buffer);
  const {
    statusCode: status = 0,
    statusMessage: reason = "",
    rawHeaders: headers,
    rawTrailers: trailers,
  } = reply;
  return { status, reason, headers, trailers, body: Buffer.concat(chunks) };
}

const token = fc.stringMatching(/^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,12}$/u);
const reserved =
  /^(?:connection|keep-alive|content-length|transfer-encoding|expect|upgrade|trailer|te|date|host)$/iu;
const name = token.filter((word) => !reserved.test(word));
/** Header text is latin-1 on the wire. */
const value = fc
  .array(fc.oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff })), {
    maxLength: 30,
  })
  .map((codes) => String.fromCodePoint(...codes).trim())
  .filter((text) => text === text.replaceAll(/^\s+|\s+$/gu, ""));
const headers = fc
  .array(fc.tuple(fc.oneof(name, fc.constantFrom("X-Same", "x-same", "Set-Cookie", "Vary")), value), {
    maxLength: 12,
  })
  .map((lines) => lines.flat());
const message = fc.record({
  headers,
  chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), { maxLength: 4 }),
});
const path = fc.stringMatching(/^\/[!-~]{0,40}$/u).filter((text) => !text.includes("#"));

describe("what no fault strikes", () => {
  test("passes byte for byte, whatever its header lines and its body", async () => {
    const methods = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND");
    const status = fc.constantFrom(200, 201, 299, 302, 404, 418, 503, 599);
    await fc.assert(
      fc.asyncProperty(
        fc.record({ method: methods, path, sent: message, isChunked: fc.boolean() }),
        fc.record({
          status,
          reason: fc.constantFrom("OK", "", "Ein Fehler: \u{fc}"),
          said: message,
          isChunked: fc.boolean(),
        }),
        async (asked, answer) => {
          stage.server.seen.length = 0;
          stage.server.answer = (_request, response) => {
            response.removeHeader("date");
            response.removeHeader("connection");
            response.writeHead(answer.status, answer.reason, framing(answer.said, answer.isChunked));
            for (const chunk of answer.said.chunks) response.write(chunk);
            response.end();
          };
          const sent = ["Host", "somewhere.test", ...framing(asked.sent, asked.isChunked)];
          const told = await tell({ ...asked, headers: sent, chunks: asked.sent.chunks });
          const [seen] = stage.server.seen;
          expect(seen).toMatchObject({ method: asked.method, path: asked.path });
          expect(endToEnd(seen!.headers)).toEqual(sent);
          expect(seen!.body.equals(bytesOf(asked.sent))).toBe(true);
          expect(told).toMatchObject({ status: answer.status, reason: answer.reason });
          expect(endToEnd(told.headers)).toEqual(framing(answer.said, answer.isChunked));
          expect(told.body.equals(bytesOf(answer.said))).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("passes whole when a fault makes it wait", async () => {
    await fc.assert(
      fc.asyncProperty(message, fc.boolean(), async (sent, isChunked) => {
        stage.server.seen.length = 0;
        stage.server.answer = (_request, response, seen) => response.end(seen.body);
        stage.proxy.apply({ verb: "delay-reply", of: { device: "laptop", message: "x", nth: 1 }, byMs: 1 });
        const lines = ["Host", "somewhere.test", ...framing(sent, isChunked)];
        const told = await tell({ method: "POST", path: "/x", headers: lines, chunks: sent.chunks });
        expect(endToEnd(stage.server.seen[0]!.headers)).toEqual(lines);
        expect(told.body.equals(bytesOf(sent))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test.each([
    ["HEAD", 200, ["content-length", "12345"]],
    ["GET", 204, []],
    ["GET", 304, ["etag", '"x"']],
    ["HEAD", 404, []],
  ])("has no body where there is none: %s answered %i", async (method, status, headers) => {
    stage.server.answer = (_request, response) => {
      response.removeHeader("date");
      response.writeHead(status, headers).end();
    };
    const asked = { method, path: "/x", headers: ["Host", "x"], chunks: [] };
    const told = await tell(asked);
    expect(told).toMatchObject({ status, body: Buffer.alloc(0) });
    expect(endToEnd(told.headers).slice(0, headers.length)).toEqual(headers);
    expect(await tell(asked)).toMatchObject({ status });
  });

  test("keeps its trailers", async () => {
    stage.server.seen.length = 0;
    stage.server.answer = (_request, response) => {
      response.writeHead(200, { trailer: "x-sum" });
      response.write("body");
      response.addTrailers({ "X-Sum": "7" });
      response.end();
    };
    const asked = httpRequest(stage.line.url, {
      method: "POST",
      agent: false,
      headers: { trailer: "x-check" },
    });
    const told = new Promise<Told>((resolve) =>
      asked.once("response", (reply) => void hear(reply).then(resolve)),
    );
    asked.write("body");
    asked.addTrailers({ "X-Check": "5" });
    asked.end();
    expect((await told).trailers).toEqual(["X-Sum", "7"]);
    expect(stage.server.seen[0]!.trailers).toEqual(["X-Check", "5"]);
  });

  test("an answer that ends with its connection ends with the client's", async () => {
    stage.server.answer = (_request, response) => {
      response.removeHeader("transfer-encoding");
      response.write("until the ");
      response.end("end");
    };
    const socket = connect(Number(new URL(stage.line.url).port), "127.0.0.1");
    socket.write("GET /x HTTP/1.0\r\n\r\n");
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(String(Buffer.concat(chunks))).toMatch(/\r\n\r\nuntil the end$/u);
  });

  test("a long body streams, and waits for whoever reads it slowly", async () => {
    const size = 64 * 1_048_576;
    let written = 0;
    stage.server.answer = (_request, response) => {
      response.writeHead(200, { "content-length": size });
      const block = Buffer.alloc(1_048_576, 7);
      const fill = (): void => {
        while (written < size) {
          written += block.length;
          if (!response.write(block)) {
            response.once("drain", fill);
            return;
          }
        }
        response.end();
      };
      fill();
    };
    const asked = httpRequest(`${stage.line.url}/x`, { agent: false });
    const reply = await new Promise<IncomingMessage>((resolve) => {
      asked.once("response", resolve);
      asked.end();
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    // The rest waits in the server; some of it is in the sockets between.
    expect(written).toBeLessThan(size / 2);
    let bytes = 0;
    for await (const chunk of reply) bytes += (chunk as Buffer).length;
    expect(bytes).toBe(size);
  });
});
