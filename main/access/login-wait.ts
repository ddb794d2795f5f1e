import { defined } from '../base/defined.ts';
import type { ConnectionSettings } from '../config/schema.ts';
import type { Account } from '../contract/state.ts';
import type { LoginAttempt } from '../gateway/ports.ts';
import type { Demand } from '../prompts/board.ts';
import type { ProgramDemand } from '../prompts/program.ts';
import type { LiveSession } from '../session/live-session.ts';
import { addressOf } from './circumstances.ts';
import type { Entitlement, Entitlements } from './entitlement.ts';
import type { Handle } from './handle-record.ts';
import type { Handles } from './handles.ts';
import { holdMs } from './hold-times.ts';
import type { Verified } from './login-proof.ts';
import { handleRefused } from './refusals.ts';

/** Each of these resolves when the login may go on, and throws a LatchkeyError where it may not. */
export interface LoginPrompts {
  /** This person is signed in. */
  signIn(account: Account, tool: string, demand: Demand): Promise<void>;
  /** The program has been allowed. */
  client(demand: ProgramDemand): Promise<void>;
  /** A second factor stands behind the login. */
  secondFactor(session: LiveSession, mode: 'session' | 'login', demand: Demand): Promise<void>;
}

export interface LoginWaitOptions {
  entitlements: Entitlements;
  handles: Handles;
  waitFor: LoginPrompts;
  /** How long a client can be kept waiting, in ms. */
  patienceMs(connection: ConnectionSettings, attempt: LoginAttempt): number;
  now: () => number;
}

/** Waits for whatever a person has to do first, and answers with what the login rests on after that. */
export function createLoginWait({ entitlements, handles, waitFor, patienceMs, now }: LoginWaitOptions) {
  return async (
    attempt: LoginAttempt,
    connection: ConnectionSettings,
    { token, handle }: Verified,
    gone: AbortSignal,
  ): Promise<Entitlement> => {
    const { database } = attempt;
    const demand: Demand = {
      connection: connection.name,
      database,
      role: token?.role ?? handle?.role ?? '',
      program: attempt.program,
      address: addressOf(attempt.peer),
      ...defined({ process: attempt.peer.process }),
      holdMs: holdMs(patienceMs(connection, attempt)),
      gone,
    };
    const began = now();
    /** The client's patience is one, whatever it is spent on. */
    const rest = (role: string): Demand => ({
      ...demand,
      role,
      holdMs: Math.max(0, demand.holdMs - (now() - began)),
    });
    if (handle !== undefined) await waitFor.signIn(handle.account, handle.tool, demand);
    const used = token ?? (await entitlements.tokenBehind(handle, connection, attempt));
    let entitlement = entitlements.of(used, connection, attempt);
    if (asksForProgram(connection, handle)) {
      await waitFor.client({
        session: entitlement.session,
        demand: rest(used.role),
        ...(handle === undefined ? {} : { handle, remember: (program) => handles.bind(handle.id, program) }),
      });
      entitlement = entitlements.of(used, connection, attempt);
    }
    const { mfa } = entitlement.permission.rule;
    if (mfa !== 'never') {
      await waitFor.secondFactor(entitlement.session, mfa, rest(used.role));
      // A person was waited for: what was true before is looked at again.
      entitlement = entitlements.of(used, connection, attempt);
    }
    if (handle !== undefined && !handles.isLive(handle.id)) throw handleRefused('handle-revoked', handle);
    return entitlement;
  };
}

/** A handle that is bound has been allowed for good; one that is not shows who uses it. */
function asksForProgram({ askForPrograms }: ConnectionSettings, handle: Handle | undefined): boolean {
  if (askForPrograms === 'never') return false;
  return handle === undefined ? askForPrograms === 'always' : handle.boundTo === undefined;
}
