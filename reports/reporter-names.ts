// The reporters that a command line, the environment or a config file can ask for, in the order in which they are told
// of a run.

export const reporterNames = ["terminal", "json", "junit", "events", "ctrf", "summary", "badge"] as const;
export type ReporterName = (typeof reporterNames)[number];
