// Equal for equal content, different for other content. Short content is its own fingerprint, so that a receipt can be
// read; long content is hashed, so that a receipt stays small. 128 bits are far beyond accident, and a user who looks
// for two contents with one hash can only mislead himself: receipts are looked up within one user.
import { canonicalJson } from "../../protocol/json.ts";
import type { OpContent } from "../../protocol/waveflow/types.ts";
import { hash128 } from "./hash128.ts";

/** The fingerprint of an op's content; stamp, device and spelling of members do not count. Content must be storable.
 *  Units: none; at most `readableLengthMax` characters.  Source: WF-PUSH-4. */
export function contentFingerprint(content: OpContent): string {
  const { entity_type, entity_id, op, field, value } = content;
  const text = canonicalJson([entity_type, entity_id, op, field, value]);
  return text.length <= readableLengthMax ? text : `#${hash128(text)}`;
}

const readableLengthMax = 96;
