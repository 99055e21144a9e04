// Tells the story of a violated law, in the words of its protocol.
import { tellStory as tell } from "../invariants/story.ts";
import type { Storyteller } from "../reports/reporter.ts";
import { protocolOf } from "./protocols.ts";

export const tellStory: Storyteller = ({ history, judgements, protocol }, law) => {
  const judgement = judgements.find((one) => one.law === law);
  if (history === undefined || judgement === undefined) return [];
  return tell(history, judgement, protocolOf(protocol).storytelling)?.lines ?? [];
};
