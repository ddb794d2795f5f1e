/** Bounds of every listener. Times are in milliseconds. */
export interface GatewayLimits {
  /** From accept to a complete startup packet; a client sends it by itself, no person is waited for. */
  startupMs: number;
  /** From accept to the first query, the broker's and the upstream's time included. */
  loginMs: number;
  /** How long the answer to a wrong token is held back. */
  wrongTokenMs: number;
  /** A cancel request on its way to the upstream. */
  cancelMs: number;
  /** Connections of one listener that have not been let in. */
  visits: number;
}

export const defaultLimits: GatewayLimits = {
  startupMs: 5000,
  loginMs: 60_000,
  wrongTokenMs: 750,
  cancelMs: 10_000,
  visits: 1000,
};
