import { holdMs, type HoldSettings } from '../access/hold-times.ts';
import type { Audit } from '../audit/audit.ts';
import { toSeconds, type Configuration } from '../config/schema.ts';
import { LatchkeyError, assertNever } from '../contract/errors.ts';
import type { Session } from '../identity/session.ts';
import type { MfaDesk } from '../mfa/desk.ts';
import type { PromptBoard } from '../prompts/board.ts';
import { createClientDesk } from '../prompts/client-desk.ts';
import { createSignInDesk } from '../prompts/sign-in-desk.ts';
import type { GatekeeperOptions } from '../access/gatekeeper.ts';

export interface WaitingOptions {
  settings: Configuration['hold'];
  board: PromptBoard;
  headless: boolean;
  session: Session;
  secondFactor: MfaDesk;
  audit: Pick<Audit, 'append'>;
}

/** What logins wait for, and a person's answers: the sign-in, the program, the second factor. */
export function createWaiting({ settings, board, headless, session, secondFactor, audit }: WaitingOptions) {
  const times = holdSettings(settings);
  const client = createClientDesk({
    board,
    record: (answer, { connection, database, program, address, process }) =>
      audit.append({
        event: 'client-answered',
        answer,
        connection,
        database,
        program,
        address,
        ...(process === undefined ? {} : { process }),
      }),
  });
  const signIn = createSignInDesk({
    board,
    headless,
    state: session.state,
    async start({ provider, username }) {
      // Only a code can be told in a client's error, and a browser that opens by itself would surprise.
      const { ways } = await session.providerFor({ provider });
      if (ways.includes('device-code')) await session.signIn({ provider, username, way: 'device-code' });
    },
  });

  const forGatekeeper: Pick<GatekeeperOptions, 'waitFor' | 'holdMs'> = {
    waitFor: {
      signIn: signIn.demand,
      client: client.demand,
      secondFactor: ({ id, account }, mode, demand) => secondFactor.demand(id, account, mode, demand),
    },
    holdMs: ({ protocol }, { program, peer }) => holdMs(protocol, program, peer.process, times),
  };

  return {
    ...forGatekeeper,
    allow: client.allow,
    /**
     * Says no to a prompt of any kind, or to the oldest.
     * @throws LatchkeyError `request-invalid` where nothing waits.
     */
    async deny(id?: string): Promise<void> {
      const prompt = board.named(id);
      if (prompt === undefined) {
        throw new LatchkeyError('request-invalid', 'Nothing is waiting for an answer.', {
          remedy: 'See what waits with: latchkey prompts',
        });
      }
      const { shown } = prompt;
      switch (shown.kind) {
        case 'second-factor':
          secondFactor.deny(shown.id);
          break;
        case 'client':
          await client.deny(shown.id);
          break;
        case 'sign-in':
          signIn.denied();
          await session.cancelSignIn();
          break;
        default:
          assertNever(shown);
      }
    },
    stateChanged: signIn.stateChanged,
    locked: client.locked,
    forget(sessionId: string): void {
      secondFactor.forget(sessionId);
      client.forget(sessionId);
    },
  };
}

function holdSettings({ programs, ...protocols }: Configuration['hold']): HoldSettings {
  const { postgresql, mysql, sqlserver } = protocols;
  return {
    seconds: {
      postgresql: toSeconds(postgresql),
      mysql: toSeconds(mysql),
      sqlserver: toSeconds(sqlserver),
    },
    programs: Object.entries(programs).map(([name, time]) => [name, toSeconds(time)]),
  };
}
