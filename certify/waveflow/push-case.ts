// A bad push as a case: the body makes the difference, and what may be answered follows from its bytes.
import { bodyBytes, type BodyPiece, type Delivery, type WireRequest } from "../probes/wire-request.ts";
import { type BadCase, headersOf, pushOf, type Turn } from "./bad-case.ts";
import { lawfulPush, type LawfulAnswer } from "./lawful-answers.ts";

export interface PushExtras {
  /** Answers that are right beside those to what the body says. */
  readonly choices?: readonly LawfulAnswer[];
  readonly rule?: string;
  readonly delivery?: Delivery;
  /** Undefined leaves the header out. */
  readonly contentType?: string | undefined;
}

/** A push with the body that `write` makes. */
export function pushCase(
  mutation: string,
  text: string,
  write: (turn: Turn) => string | readonly BodyPiece[],
  extras: PushExtras = {},
): BadCase {
  const { choices = [], rule = "WF-PUSH-12", delivery } = extras;
  return {
    endpoint: "POST /sync/ops",
    mutation,
    text,
    requirements: [rule],
    build(turn): WireRequest {
      const written = write(turn);
      const body = typeof written === "string" ? piecesOf(written) : written;
      const headers =
        "contentType" in extras
          ? headersOf(turn.caller, extras.contentType)
          : pushOf(turn.caller, []).headers;
      return { ...pushOf(turn.caller, body), headers, ...(delivery === undefined ? {} : { delivery }) };
    },
    lawful(turn, { body = [] }) {
      if (delivery === "cut") return { answers: [] };
      const stamps = { ofDevice: turn.stamp - 1, ofUser: turn.highestStamp };
      const lawful = lawfulPush(bodyBytes(body), stamps);
      return { ...lawful, answers: [...lawful.answers, ...choices] };
    },
  };
}

const piecesOf = (text: string): readonly BodyPiece[] => (text === "" ? [] : [{ text }]);
