// All that may befall a message by chance: odds and ranges. Units last in each name; odds are whole numbers in a
// million, so that no float decides anything.

/** Chances in a million. */
export type PerMillion = number;

/** The fault swarm of a run. All zero is fine weather: messages take their time and arrive. */
export interface Weather {
  readonly latencyMinMs: number;
  readonly latencyMaxMs: number;
  readonly loseRequest: PerMillion;
  readonly loseReply: PerMillion;
  /** The request arrives a second time, at once or much later; nobody hears the second answer. */
  readonly duplicateRequest: PerMillion;
  readonly duplicateAfterMaxMs: number;
  /** The request arrives long after its sender has given up. */
  readonly zombieRequest: PerMillion;
  readonly zombieAfterMaxMs: number;
  readonly delay: PerMillion;
  readonly delayMaxMs: number;
  /** 502 or 503 instead of the request's effect. */
  readonly refuse: PerMillion;
  /** 502 or 503 after the request had its effect. */
  readonly refuseAfterEffect: PerMillion;
  /** 200 with HTML from somebody else. */
  readonly portal: PerMillion;
  /** The reply breaks off. */
  readonly truncateReply: PerMillion;
  readonly loseFrame: PerMillion;
  readonly repeatFrame: PerMillion;
  readonly lateFrame: PerMillion;
  readonly lateFrameMaxMs: number;
  readonly cutSocket: PerMillion;
  readonly halfOpenSocket: PerMillion;
}

/** Nothing goes wrong, and messages take 5 to 40 ms. */
export const fineWeather: Weather = {
  latencyMinMs: 5,
  latencyMaxMs: 40,
  loseRequest: 0,
  loseReply: 0,
  duplicateRequest: 0,
  duplicateAfterMaxMs: 0,
  zombieRequest: 0,
  zombieAfterMaxMs: 0,
  delay: 0,
  delayMaxMs: 0,
  refuse: 0,
  refuseAfterEffect: 0,
  portal: 0,
  truncateReply: 0,
  loseFrame: 0,
  repeatFrame: 0,
  lateFrame: 0,
  lateFrameMaxMs: 0,
  cutSocket: 0,
  halfOpenSocket: 0,
};
