/** Bounds of every listener. Times are in milliseconds. */
export interface GatewayLimits {
  /** From accept to a complete startup packet; a client sends it by itself, no person is waited for. */
  startupMs: number;
  /** From accept to the first query, the broker's and the upstream's time included. */
  loginMs: number;
  /** How long the answer to a wrong token is held back. */
  wrongTokenMs: number;
  /** A request to stop a statement on its way to the upstream. */
  cancelMs: number;
  /** The same for all of them together when the gateway closes. */
  closeMs: number;
  /** Something sent to an upstream that is not acknowledged, where its connection does not say. */
  lostAfterMs: number;
  /** Connections of one listener that have not been let in. */
  pendingConnections: number;
}

export const defaultLimits: GatewayLimits = {
  startupMs: 5000,
  loginMs: 60_000,
  wrongTokenMs: 750,
  cancelMs: 10_000,
  lostAfterMs: 60_000,
  closeMs: 2000,
  pendingConnections: 1000,
};
