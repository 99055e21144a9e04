// Every protocol that can be searched. Adding a protocol adds an entry here.
import type { SearchProtocol } from "./search-protocol.ts";
import { waveflowSearch } from "./waveflow/search.ts";

export const searchProtocols: readonly SearchProtocol[] = [waveflowSearch];

/** The protocol of a plan.  Errors: RangeError for one that is not there. */
export function searchProtocolOf(id: string): SearchProtocol {
  const found = searchProtocols.find((protocol) => protocol.id === id);
  if (found !== undefined) return found;
  const known = searchProtocols.map((protocol) => protocol.id).join(", ");
  throw new RangeError(`no protocol "${id}" can be searched; expected one of ${known}`);
}
