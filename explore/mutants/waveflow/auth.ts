// Defects of who is asking: tokens, users, devices.
import type { Mutant } from "../mutant.ts";

const identity = "reference-server/waveflow/identity.ts";
const server = "reference-server/waveflow/server.ts";
const replies = "reference-server/waveflow/replies.ts";

export const authMutants: readonly Mutant[] = [
  {
    name: "bad-token-is-forbidden",
    part: "server",
    story: "An expired token is answered 403: a device stops for good instead of waiting for the next token.",
    requirements: ["WF-AUTH-1"],
    edits: [
      {
        file: identity,
        find: "return { refused: unauthorized(verdict.reason) };",
        replace: "return { refused: forbidden(verdict.reason) };",
      },
    ],
  },
  {
    name: "no-bearer-challenge",
    part: "server",
    story: "The 401 has no WWW-Authenticate: a client does not learn what it lacks.",
    requirements: ["WF-AUTH-1"],
    edits: [
      {
        file: replies,
        find: 'headers: { ...jsonHeaders, "www-authenticate": "Bearer" },',
        replace: "headers: jsonHeaders,",
      },
    ],
  },
  {
    name: "user-from-a-header",
    part: "server",
    story: "A header names the user where it is there: whoever sends it reads and writes another's log.",
    requirements: ["WF-AUTH-2"],
    edits: [
      {
        file: identity,
        find: "return identifyDevice(namedDevices(request, options.mayUseQuery), verdict);",
        replace:
          'const user = request.headers["x-user-id"] ?? request.query["user_id"] ?? verdict.user;\n  return identifyDevice(namedDevices(request, options.mayUseQuery), { ...verdict, user: String(user) });',
      },
    ],
  },
  {
    name: "users-case-folded",
    part: "server",
    story: "Users are compared without regard to case: Alice reads what alice wrote.",
    requirements: ["WF-AUTH-2"],
    edits: [
      {
        file: identity,
        find: "return { caller: { user: verdict.user, device,",
        replace: "return { caller: { user: verdict.user.toLowerCase(), device,",
      },
    ],
  },
  {
    name: "device-claim-ignored",
    part: "server",
    story: "The token's device_id is not looked at: a token that is made out to one device serves any other.",
    requirements: ["WF-AUTH-3"],
    edits: [
      { file: identity, find: "if (claimed !== undefined && named", replace: 'if (claimed === "" && named' },
    ],
  },
  {
    name: "query-names-the-device",
    part: "server",
    story:
      "The query names the device at every endpoint: a request without the header, which is a 400, passes.",
    requirements: ["WF-AUTH-3"],
    edits: [{ file: server, find: "mayUseQuery: request.path === socketPath", replace: "mayUseQuery: true" }],
  },
  {
    name: "device-form-before-claim",
    part: "server",
    story:
      "The form of the device id is judged before the claim: a stranger's token learns 400 where 403 is due.",
    requirements: ["WF-AUTH-3"],
    edits: [
      {
        file: identity,
        find: "  const claimed = verdict.deviceId;\n",
        replace:
          '  const claimed = verdict.deviceId;\n  if (named[0] !== undefined && !isUuid(named[0])) return refuseDevice("expected a UUID");\n',
      },
    ],
  },
  {
    name: "any-device-id-taken",
    part: "server",
    story:
      "The device id need be no UUID: every spelling of a broken client is a device of its own, with stamps of its own.",
    requirements: ["WF-AUTH-3"],
    edits: [{ file: identity, find: "if (!isUuid(device)) return", replace: 'if (device === "") return' }],
  },
];
