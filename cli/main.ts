#!/usr/bin/env node
// The start of the program: whatever is loaded from here on is found compiled.
import { keepCompiled } from "../compile-cache.ts";

keepCompiled();
await import("./command-line.ts");
