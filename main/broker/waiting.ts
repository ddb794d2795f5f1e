import { patienceMs, type HoldSettings } from '../access/hold-times.ts';
import { personOf } from '../audit/actor.ts';
import type { Audit } from '../audit/audit.ts';
import { toSeconds } from '../config/duration.ts';
import type { Configuration } from '../config/schema.ts';
import { LatchkeyError, assertNever } from '../contract/errors.ts';
import type { Account, ClientChoice } from '../contract/state.ts';
import type { Session } from '../session/session.ts';
import type { SecondFactorPrompts } from '../prompts/second-factor.ts';
import { createBlockedPrograms } from '../prompts/blocked-programs.ts';
import type { Demand, PromptBoard } from '../prompts/board.ts';
import { createProgramPrompts } from '../prompts/program.ts';
import { createSignInPrompts } from '../prompts/sign-in.ts';
import type { LoginsOptions } from '../access/logins.ts';
import { defined } from '../base/defined.ts';

export interface WaitingOptions {
  /** As it is configured now. */
  settings(): Configuration['hold'];
  board: PromptBoard;
  headless: boolean;
  session: Session;
  secondFactor: SecondFactorPrompts;
  audit: Pick<Audit, 'append'>;
}

/** What logins wait for, and a person's answers: the sign-in, the program, the second factor. */
export function createWaiting({ settings, board, headless, session, secondFactor, audit }: WaitingOptions) {
  const blocked = createBlockedPrograms();
  const record = (
    answer: ClientChoice | 'denied' | 'blocked',
    account: Account | undefined,
    { connection, database, program, address, process }: Demand,
  ): Promise<void> =>
    audit.append({
      event: 'client-answered',
      ...(account === undefined ? {} : { actor: personOf(account) }),
      answer,
      connection,
      database,
      program,
      address,
      ...defined({ process }),
    });
  const client = createProgramPrompts({ board, record });
  const signIn = createSignInPrompts({
    board,
    headless,
    state: session.stateOf,
    inTheWay: session.inTheWay,
    async start({ provider, username, tenantId, objectId }) {
      // The sign-in of the last run comes first: it needs nobody.
      if (await session.resume({ provider, objectId })) return;
      // Only a code can be told in a client's error, and a browser that opens by itself would surprise.
      const { ways } = await session.providerFor({ provider });
      if (ways.includes('device-code'))
        await session.signIn({ provider, username, person: { tenantId, objectId }, way: 'device-code' });
    },
  });

  const forLogins: Pick<LoginsOptions, 'waitFor' | 'patienceMs'> = {
    waitFor: {
      async signIn(account, tool, demand) {
        blocked.check(demand);
        await signIn.demand(account, tool, demand);
      },
      async client(asked) {
        blocked.check(asked.demand);
        await client.demand(asked);
      },
      async secondFactor(signedIn, mode, demand) {
        blocked.check(demand);
        await secondFactor.demand(signedIn, mode, demand);
      },
    },
    patienceMs: ({ protocol }, { program, peer }) =>
      patienceMs(protocol, program, peer.process, holdSettings(settings())),
  };

  return {
    ...forLogins,
    allow: client.allow,
    /**
     * Says no to a prompt of any kind, or to the oldest.
     * @param block and to whatever the program that it names asks for in the next hour
     * @throws LatchkeyError `request-invalid` where nothing waits, or the program is not known.
     */
    async deny(id?: string, block = false): Promise<void> {
      const prompt = board.named(id);
      if (prompt === undefined) {
        throw new LatchkeyError('request-invalid', 'Nothing is waiting for an answer.', {
          remedy: 'See what waits with: latchkey prompts',
        });
      }
      const { shown } = prompt;
      if (block) {
        blocked.block(prompt.demand);
        await record('blocked', undefined, prompt.demand);
      }
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
