// What is wrong before anything of the protocol is asked: methods, paths, handshakes. The page says little of them, so much
// is right; a 500, an effect and a dead server are not.
import type { WireRequest } from "../probes/wire-request.ts";
import { type BadCase, batchText, goodOp, handshake, headersOf, opText, type Turn } from "./bad-case.ts";

/** Everything that says no. 501 is what HTTP asks for where a method is not known. */
const refusals = [
  400, 401, 403, 404, 405, 406, 409, 411, 412, 413, 414, 415, 417, 421, 422, 426, 428, 431, 501,
].map((status) => ({ status }));

/** To a path that a web server holds for the tidier one. */
const redirects = [301, 302, 303, 307, 308].map((status) => ({ status }));

const rules: Readonly<Record<string, string>> = {
  "/sync/ops": "WF-PUSH-12",
  "/sync/ack": "WF-ACK-3",
  "/sync/ws": "WF-AUTH-1",
};

/** Methods that each path has. */
const methodsByPath: Readonly<Record<string, readonly string[]>> = {
  "/sync/ops": ["GET", "POST", "HEAD"],
  "/sync/ack": ["POST"],
  "/sync/ws": ["GET", "HEAD"],
};

export function badHttp(): readonly BadCase[] {
  return [...wrongMethods(), ...wrongPaths(), ...badHandshakes()];
}

function wrongMethods(): readonly BadCase[] {
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LINK", "PROPFIND"];
  return Object.entries(methodsByPath).flatMap(([path, known]) =>
    methods
      .filter((method) => !known.includes(method))
      .flatMap((method) =>
        [false, true].map((hasBody) =>
          httpCase(`${method} ${path}`, "wrong methods", {
            text: `the method ${method}${hasBody ? " and the body of a push" : ""}`,
            rule: rules[path]!,
            build: (turn) => ({
              method,
              path,
              headers: headersOf(turn.caller, ...(hasBody ? ["application/json"] : [])),
              ...(hasBody && method !== "TRACE" ? { body: [{ text: batchText(opText(goodOp(turn))) }] } : {}),
            }),
            // A question about the abilities of an endpoint has an answer.
            answers: method === "OPTIONS" ? [...refusals, { status: 200 }, { status: 204 }] : refusals,
          }),
        ),
      ),
  );
}

/** Whether these are the endpoint by another name is for the server to say; the page knows none of them. */
function wrongPaths(): readonly BadCase[] {
  const paths = [
    ...["/sync/ops/", "//sync/ops", "/sync//ops", "/sync/./ops", "/sync/x/../ops", "/sync/OPS", "/SYNC/ops"],
    ...[
      "/sync/ops%00",
      "/sync/ops%2f",
      "/sync/%6fps",
      "/sync/ops;a=1",
      "/sync/ops.json",
      "/sync/ops%0d%0aX:1",
    ],
    ...[
      "/sync/opsx",
      "/sync/op",
      "/sync",
      "/sync/",
      "/ops",
      "/sync/ops/1",
      "/sync/acks",
      "/sync/%",
      "/%ff/ops",
    ],
  ];
  return paths.flatMap((path) =>
    ["GET", "PUT"].map((method) =>
      httpCase(`${method} ${path}`, "other paths", {
        text: `the path ${path}`,
        rule: "WF-PULL-1",
        build: ({ caller }) => ({ method, path, headers: headersOf(caller) }),
        answers:
          method === "GET" ? [...refusals, ...redirects, { status: 200 }] : [...refusals, ...redirects],
      }),
    ),
  );
}

function badHandshakes(): readonly BadCase[] {
  const without = (name: string) => handshake.filter(([one]) => one !== name);
  const changed = (name: string, value: string) =>
    handshake.map((header) => (header[0] === name ? ([name, value] as const) : header));
  const shapes: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ["no handshake at all", []],
    ["no Sec-WebSocket-Key", without("Sec-WebSocket-Key")],
    ["no Sec-WebSocket-Version", without("Sec-WebSocket-Version")],
    ["no Upgrade", without("Upgrade")],
    ["an empty key", changed("Sec-WebSocket-Key", "")],
    ["a key that is too short", changed("Sec-WebSocket-Key", "AAAA")],
    ["a key that is no base64", changed("Sec-WebSocket-Key", "!".repeat(24))],
    ["the version 12", changed("Sec-WebSocket-Version", "12")],
    ["the version x", changed("Sec-WebSocket-Version", "x")],
    ["another protocol", changed("Upgrade", "h2c")],
  ];
  return shapes.map(([text, headers]) =>
    httpCase("GET /sync/ws", "bad handshakes", {
      text,
      rule: "WF-AUTH-1",
      build: ({ caller }) => ({
        method: "GET",
        path: "/sync/ws",
        headers: [...headersOf(caller), ...headers],
      }),
      // Some of it a lenient server may overlook.
      answers: [...refusals, { status: 101 }],
    }),
  );
}

function httpCase(
  endpoint: string,
  mutation: string,
  made: {
    readonly text: string;
    readonly rule: string;
    readonly build: (turn: Turn) => WireRequest;
    readonly answers: readonly { readonly status: number }[];
  },
): BadCase {
  const { text, rule, build, answers } = made;
  return {
    endpoint,
    mutation,
    text,
    requirements: [rule],
    isBelowProtocol: true,
    build,
    lawful: () => ({ answers }),
  };
}
