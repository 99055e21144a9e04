// A lawful answer that is no success. Thrown, so that it undoes the transaction in which it comes up.

export class Refusal extends Error {
  /** `members` stand in the body beside `type`. */
  constructor(status, type, members = {}, headers = {}) {
    super(`${status} ${type}`);
    this.status = status;
    this.body = { ...members, type };
    this.headers = headers;
  }
}

/** The request is not what the page describes. `index`: of the op that is at fault. */
export function malformed(path, message, index) {
  return new Refusal(400, "invalid_request", {
    hint: "see the protocol's page",
    ...(index === undefined ? {} : { index }),
    errors: [{ message, path }],
  });
}
