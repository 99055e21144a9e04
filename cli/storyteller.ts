// Tells what led to a violated law, or to a failed expectation, in the words of its protocol.
import { tellLast, tellStory as tell } from "../invariants/story.ts";
import type { Storyteller } from "../reports/reporter.ts";
import { protocolOf } from "./protocols.ts";

export const tellStory: Storyteller = ({ history, judgements, protocol }, about) => {
  if (history === undefined) return [];
  if ("before" in about) return tellLast(history, about.before, protocolOf(protocol).storytelling);
  const { law } = about;
  const judgement = judgements.find((one) => one.law === law);
  if (judgement === undefined) return [];
  return tell(history, judgement, protocolOf(protocol).storytelling)?.lines ?? [];
};
