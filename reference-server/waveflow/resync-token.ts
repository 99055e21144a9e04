// The thread that holds a full read from 0 together over its pages. It names the user and how far compaction had gone
// when the walk began; any process can read it and none has to remember it. It is not signed: whoever forges one spoils
// nothing but his own reading.
import type { UserId } from "../../protocol/waveflow/types.ts";
import { hash128 } from "./hash128.ts";
import type { Watermark } from "./ports.ts";

/** The token of a walk that began at `watermark`. Safe in a URL.  Source: WF-PULL-5. */
export const createResyncToken = (user: UserId, watermark: Watermark): string =>
  `walk-${watermark.generation}-${watermark.compactedUpTo}-${hash128(user)}`;

/** Says whether the text is a token of this user at all, and where its walk began. `undefined` for anything foreign or
 *  unreadable, which counts as no token.  Source: WF-PULL-5. */
export function readResyncToken(token: string, user: UserId): Watermark | undefined {
  if (token === "") return undefined;
  const [, generation, compactedUpTo] = token.split("-");
  const watermark = { generation: Number(generation), compactedUpTo: Number(compactedUpTo) };
  // Whatever was read: only what this server would have written comes out the same again.
  return createResyncToken(user, watermark) === token ? watermark : undefined;
}

/** Nothing of the user was deleted between the two. `compactedUpTo` alone would not tell: a compaction that deletes
 *  something below the watermark leaves it where it is.  Source: WF-PULL-5. */
export const isSameWalk = (begun: Watermark, now: Watermark): boolean =>
  begun.generation === now.generation && begun.compactedUpTo === now.compactedUpTo;
