// Starts the server from the environment alone, for whoever runs it as a subject: PORT, HOST, DATABASE_URL, JWT_SECRET or
// JWKS_URL, SEATRIAL_CONTROL_TOKEN, and the numbers of serve-settings.ts.
import { keepCompiled } from "../compile-cache.ts";

keepCompiled();
const { serveUntilSignal } = await import("./serve-process.ts");

// Ended by hand: a connection that does not say goodbye must not keep the process.
process.exit(await serveUntilSignal(process.env));
