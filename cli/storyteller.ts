// Tells the story of a violated law: the laws' own retelling, with the words of the protocol.
import type { StoryLine, Storyteller } from "../reports/reporter.ts";

export const tellStory: Storyteller = (): readonly StoryLine[] => [];
