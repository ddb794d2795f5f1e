import { randomUUID } from 'node:crypto';
import type {
  Gatekeeper,
  LoginAttempt,
  LoginDecision,
  Refusal,
  ScramParameters,
  SessionEnd,
  SessionTraffic,
  UpstreamLogin,
} from '../../main/gateway/ports.ts';
import { type ScramVerifier, checkScramProof, scramVerifier } from '../../main/gateway/postgres/scram.ts';

type Rejection = Parameters<Gatekeeper['rejected']>[0];

export interface TestGatekeeper extends Gatekeeper {
  /** Everything the gateway has told or asked, in order. */
  attempts: LoginAttempt[];
  opened: string[];
  /** All that was told of bytes. */
  trafficNews: SessionTraffic[];
  ended: SessionEnd[];
  rejections: Rejection[];
  /** Refuses every login from now on, whatever its proof. */
  refuseWith(refusal: Refusal | undefined): void;
  /** Changes the upstream login of the logins to come. */
  logInAs(login: UpstreamLogin): void;
  /** Resolves with the id of the session that is opened next. */
  nextOpened(): Promise<string>;
  /** Resolves with the end of the session that ends next, or of the one with this id. */
  nextEnd(sessionId?: string): Promise<SessionEnd>;
}

/**
 * A broker with one token and no policy, for tests of the gateway alone: proofs are verified for real, and every call is
 * kept.
 */
export async function createTestGatekeeper(
  token: string,
  scram: ScramParameters,
  upstream: UpstreamLogin,
): Promise<TestGatekeeper> {
  const verifier: ScramVerifier = await scramVerifier(token, scram);
  let login = upstream;
  let refusal: Refusal | undefined;
  const attempts: LoginAttempt[] = [];
  const opened: string[] = [];
  const ended: SessionEnd[] = [];
  const traffic: SessionTraffic[] = [];
  const rejections: Rejection[] = [];
  const opening: ((sessionId: string) => void)[] = [];
  const waiting: { sessionId: string | undefined; resolve(end: SessionEnd): void }[] = [];
  const wrongToken: Refusal = {
    sqlState: '28000',
    problem: { code: 'token-wrong', message: 'This token is not known.', remedy: 'Copy a new one.' },
  };
  return {
    attempts,
    opened,
    trafficNews: traffic,
    ended,
    rejections,
    refuseWith: (next) => {
      refusal = next;
    },
    logInAs: (next) => {
      login = next;
    },
    nextOpened: () =>
      new Promise((resolve) => {
        opening.push(resolve);
      }),
    nextEnd(sessionId) {
      const already = sessionId === undefined ? undefined : ended.find((end) => end.sessionId === sessionId);
      if (already !== undefined) return Promise.resolve(already);
      return new Promise((resolve) => {
        waiting.push({ sessionId, resolve });
      });
    },
    async authorize(attempt): Promise<LoginDecision> {
      attempts.push(attempt);
      if (refusal !== undefined) return { allow: false, refusal };
      const sessionId = randomUUID();
      const { proof } = attempt;
      if (proof.kind === 'password') {
        return proof.password === token
          ? { allow: true, sessionId, login }
          : { allow: false, refusal: wrongToken };
      }
      if (proof.kind !== 'scram-sha-256') return { allow: false, refusal: wrongToken };
      const serverSignature = checkScramProof(verifier, proof.authMessage, proof.clientProof);
      return serverSignature === undefined
        ? { allow: false, refusal: wrongToken }
        : { allow: true, sessionId, login, serverSignature };
    },
    loginAgain: async () => login,
    sessionOpened(sessionId) {
      opened.push(sessionId);
      opening.shift()?.(sessionId);
    },
    traffic: (news) => void traffic.push(...news),
    sessionEnded(end) {
      ended.push(end);
      const index = waiting.findIndex(
        ({ sessionId }) => sessionId === undefined || sessionId === end.sessionId,
      );
      if (index >= 0) waiting.splice(index, 1)[0]?.resolve(end);
    },
    rejected: (rejection) => void rejections.push(rejection),
  };
}
