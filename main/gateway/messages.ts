import type { GatewayLimits } from './limits.ts';
import type { OwnerRule } from './peers/owner.ts';
import type {
  Gatekeeper,
  ListenerFailure,
  ListenerSettings,
  LoginAttempt,
  LoginDecision,
  ScramParameters,
  SessionEnd,
  SessionTraffic,
  UpstreamLogin,
} from './ports.ts';

/** What host and worker send each other. `id` joins an answer to its question. */
export type ToWorker =
  | { kind: 'open'; id: number; listeners: ListenerSettings[] }
  | {
      kind: 'replace';
      id: number;
      listeners: ListenerSettings[];
      elevatedTools: OwnerRule['elevatedTools'];
    }
  | { kind: 'decision'; id: number; decision: LoginDecision }
  | { kind: 'login-again'; id: number; login: UpstreamLogin | undefined }
  | { kind: 'certify'; clientTls: NonNullable<ListenerSettings['clientTls']> }
  | { kind: 'cut'; sessionIds: string[]; reason: string }
  | { kind: 'close' };

export type FromWorker =
  | { kind: 'opened'; id: number; failures: ListenerFailure[] }
  | { kind: 'authorize'; id: number; attempt: LoginAttempt }
  /** The client of this question has gone. */
  | { kind: 'gone'; id: number }
  | { kind: 'login-again'; id: number; sessionId: string }
  | { kind: 'session-opened'; sessionId: string; database?: string }
  | { kind: 'traffic'; news: SessionTraffic[] }
  | { kind: 'session-ended'; end: SessionEnd }
  | { kind: 'rejected'; rejection: Parameters<Gatekeeper['rejected']>[0] }
  | { kind: 'fault'; text: string }
  | { kind: 'closed' };

/** What all listeners of a worker have in common; the first message that it gets. */
export interface WorkerSettings {
  scram: ScramParameters;
  limits: GatewayLimits;
  elevatedTools: OwnerRule['elevatedTools'];
}
