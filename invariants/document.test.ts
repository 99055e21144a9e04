import { expect, test } from "vitest";
import { documentLaws } from "./document.ts";
import { waveflowLaws } from "./waveflow/index.ts";

test("the page has a row for every law with its promise and rules", () => {
  const page = documentLaws(waveflowLaws);
  for (const { id, promise, requirements } of waveflowLaws) {
    expect(page).toContain(`| \`${id}\` | ${promise} | ${requirements.join(" ")} |`);
  }
});
