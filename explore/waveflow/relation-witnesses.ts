// That each relation bites: a defect that it notices, and a seed that shows it soon.

/** By the name of the relation. The seed may show it no longer when plans are drawn otherwise; one of the next hundred
 *  does. */
export const relationWitnesses: Readonly<Record<string, { readonly mutant: string; readonly seed: number }>> =
  {
    "other-batches": { mutant: "has-more-never", seed: 1 },
    "repeated-message": { mutant: "every-delivery-is-an-op", seed: 14 },
    "extra-acknowledgement": { mutant: "answered-ack-clears-the-queue", seed: 2 },
    "extra-pull": { mutant: "has-more-never", seed: 14 },
    "idle-device": { mutant: "pull-begins-at-the-smallest-cursor", seed: 3 },
    bystander: { mutant: "cross-user-pull", seed: 0 },
    "moved-compaction": { mutant: "compact-keeps-the-highest-operation-id", seed: 2 },
    "other-names": { mutant: "compact-keeps-the-highest-operation-id", seed: 10 },
    restart: { mutant: "mode-not-durable", seed: 0 },
  };
