import type { GatewayLimits } from './limits.ts';
import type {
  Gatekeeper,
  ListenerFailure,
  ListenerSettings,
  LoginAttempt,
  LoginDecision,
  ScramParameters,
  SessionEnd,
  SessionTraffic,
} from './ports.ts';

/** What host and worker send each other. `id` joins an answer to its question. */
export type ToWorker =
  | { kind: 'open'; id: number; listeners: ListenerSettings[] }
  | { kind: 'decision'; id: number; decision: LoginDecision }
  | { kind: 'cut'; sessionIds: string[]; reason: string }
  | { kind: 'close' };

export type FromWorker =
  | { kind: 'opened'; id: number; failures: ListenerFailure[] }
  | { kind: 'authorize'; id: number; attempt: LoginAttempt }
  | { kind: 'session-opened'; sessionId: string }
  | { kind: 'traffic'; news: SessionTraffic[] }
  | { kind: 'session-ended'; end: SessionEnd }
  | { kind: 'rejected'; rejection: Parameters<Gatekeeper['rejected']>[0] }
  | { kind: 'fault'; text: string }
  | { kind: 'closed' };

/** What a worker is started with. */
export interface WorkerSettings {
  scram: ScramParameters;
  limits: GatewayLimits;
}
