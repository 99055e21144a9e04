// Loaded into a Node process before its own code: ends it when whoever started it is gone, however that one died. The
// channel between the two closes with either end, which is the one thing that even a SIGKILL cannot prevent.
process.once("disconnect", () => process.exit(1));
process.channel?.unref();
