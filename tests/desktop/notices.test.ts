import { describe, expect, test } from 'vitest';
import type { AppState } from '../../main/contract/state.ts';
import {
  msToDeadlineNotice,
  noticeOfDeadline,
  noticeOnChange,
  promptNotices,
} from '../../main/desktop/notices.ts';
import { privileged, troubledAccounts, twoAccounts, usual } from '../renderer/account-states.ts';
import * as identity from '../renderer/identity-states.ts';
import * as prompts from '../renderer/prompt-states.ts';
import * as states from '../renderer/states.ts';

const sessionEnded: AppState = {
  ...states.signedOut,
  signIn: { kind: 'signed-out', problem: { code: 'sign-in-required', message: 'Your session has ended.' } },
};
const cancelled: AppState = {
  ...states.signedOut,
  signIn: {
    kind: 'signed-out',
    problem: { code: 'sign-in-cancelled', message: 'The sign-in was cancelled.' },
  },
};

describe('what is told by a notification', () => {
  test('an expired code, a session that ended, a sign-in that failed', () => {
    expect(noticeOnChange(states.code, states.expiredCode)?.title).toBe('The code has expired');
    expect(noticeOnChange(states.signedIn, sessionEnded)).toEqual({
      title: 'Sign-in needed',
      body: 'Your session has ended.',
    });
    expect(noticeOnChange(states.restoring, sessionEnded)?.title).toBe('Sign-in needed');
    expect(noticeOnChange(states.contacting, sessionEnded)?.title).toBe('Sign-in failed');
  });

  test('who has signed in, after a code but not after a restart', () => {
    const notice = noticeOnChange(states.readingGroups, states.signedIn);
    expect(notice?.title).toBe('Signed in');
    expect(notice?.body).toContain('Adele Vance (adele.vance@contoso.example)');
    expect(noticeOnChange(identity.browser, states.signedIn)?.title).toBe('Signed in');
    expect(noticeOnChange(states.restoring, states.signedIn)).toBeUndefined();
    expect(noticeOnChange(undefined, states.signedIn)).toBeUndefined();
  });

  test('a change of the configuration, once, and its fault', () => {
    const told = { changes: ['session.deadline', 'connection "sales": port'], ends: 0 };
    const changed = { ...states.signedIn, configurationChange: told };
    expect(noticeOnChange(states.signedIn, changed)).toEqual({
      title: 'The configuration has changed: apply?',
      body: 'session.deadline; connection "sales": port',
    });
    const sessionLess = { ...changed, configurationChange: { ...told, ends: 1 } };
    expect(noticeOnChange(changed, sessionLess)).toBeUndefined();
    const problem = { code: 'config-invalid', message: 'The configuration has a fault.' } as const;
    const faulty = { ...changed, configurationChange: { changes: [], ends: 0, problem } };
    expect(noticeOnChange(changed, faulty)?.title).toBe('The configuration file has a fault');
    expect(noticeOnChange(faulty, faulty)).toBeUndefined();
    expect(noticeOnChange(faulty, states.signedIn)).toBeUndefined();
  });

  test('of several accounts: who has signed in beside the others, who is lost, and what came to nothing', () => {
    const one: AppState = { ...twoAccounts, accounts: [usual] };
    const code: AppState = { ...one, signIn: states.code.signIn };
    expect(noticeOnChange(code, twoAccounts)).toMatchObject({
      title: 'Signed in',
      body: expect.stringContaining('Adele Vance (admin) (adm-adele@contoso.example), until ') as string,
    });
    // The state shows the account that is there anyway.
    const refused: AppState = {
      ...one,
      signIn: { kind: 'signed-in', ...usual },
      signInProblem: { code: 'wrong-account', message: 'This account is of another tenant.' },
    };
    expect(noticeOnChange(code, refused)).toEqual({
      title: 'Sign-in failed',
      body: 'This account is of another tenant.',
    });
    const problem = { code: 'sign-in-cancelled', message: 'The sign-in was cancelled.' } as const;
    expect(noticeOnChange(code, { ...refused, signInProblem: problem })).toBeUndefined();
    const carla = { ...usual, account: { ...usual.account, objectId: 'carla' } };
    const three: AppState = { ...twoAccounts, accounts: [carla, usual, privileged] };
    expect(noticeOnChange(three, troubledAccounts)).toEqual({
      title: 'Sign-in needed',
      body: 'carla@fabrikam.example: The sign-in has reached its deadline.',
    });
    expect(noticeOnChange(troubledAccounts, troubledAccounts)).toBeUndefined();
  });

  test('an audit that fails, once', () => {
    expect(noticeOnChange(states.signedIn, states.troubled)?.title).toBe('New logins are refused');
    expect(noticeOnChange(states.troubled, states.troubled)).toBeUndefined();
  });

  test('nothing of what the person has just done', () => {
    expect(noticeOnChange(states.signedIn, states.signedOut)).toBeUndefined();
    expect(noticeOnChange(states.code, cancelled)).toBeUndefined();
    expect(noticeOnChange(states.signedOut, states.contacting)).toBeUndefined();
    expect(noticeOnChange(undefined, states.expiredCode)).toBeUndefined();
  });
});

describe('a prompt', () => {
  test('is told once, with program, connection and role', () => {
    expect(promptNotices(states.signedIn, identity.prompted)).toEqual([
      {
        promptId: 'p1',
        title: 'Second factor for Sales warehouse',
        body: 'dbeaver, which calls itself DBeaver 25.3 - Main, wants to log in as sales_reader. Click to answer in Latchkey.',
      },
    ]);
    expect(promptNotices(identity.prompted, identity.phoneAsked)).toEqual([]);
    expect(promptNotices(identity.prompted, identity.twoPrompts)).toMatchObject([
      {
        promptId: 'p2',
        title: 'Second factor for Orders, production',
        body: expect.stringContaining(
          'An unknown program, which gives itself no name, wants to log in as orders_owner.',
        ),
      },
    ]);
    expect(promptNotices(states.signedIn, identity.sharedPrompt)[0]?.body).toBe(
      'dbeaver, which calls itself DBeaver 25.3 - Main, wants to log in as sales_reader. The same answer lets in 2 more. It counts for this whole sign-in. Click to answer in Latchkey.',
    );
    expect(promptNotices(undefined, identity.prompted)).toHaveLength(1);
    expect(promptNotices(identity.prompted, states.signedIn)).toEqual([]);
  });

  test('of a program that has not been allowed names it as the system does', () => {
    expect(promptNotices(states.signedIn, prompts.newProgram)).toEqual([
      {
        promptId: 'c1',
        title: 'dbeaver asks to use Sales warehouse',
        body: 'dbeaver, which calls itself DBeaver 25.3 - Main, wants to log in as sales_reader. Click to allow or deny it in Latchkey.',
      },
    ]);
    expect(promptNotices(prompts.newProgram, prompts.twoPrograms)).toMatchObject([
      { promptId: 'c2', title: 'An unknown program asks to use Orders, production' },
    ]);
  });

  test('of one of several accounts says which it is', () => {
    const [asked] = identity.prompted.prompts;
    if (asked === undefined) throw new Error('no prompt');
    const { username } = privileged.account;
    const state: AppState = { ...twoAccounts, prompts: [{ ...asked, username }] };
    expect(promptNotices(twoAccounts, state)[0]?.body).toContain(`as sales_reader for ${username}. Click`);
    expect(promptNotices(twoAccounts, { ...state, accounts: [privileged] })[0]?.body).not.toContain(username);
  });

  test('of a tool that came while nobody is signed in is told once, however the sign-in goes on', () => {
    expect(promptNotices(states.signedOut, prompts.toolWaitsContacting)).toEqual([
      {
        promptId: 'w1',
        title: 'Sign in to reach Sales warehouse',
        body: 'dbeaver, which calls itself DBeaver 25.3 - Main, came with the saved password of DBeaver. Its login goes on once you are signed in as adele.vance@contoso.example. Click to sign in.',
      },
    ]);
    expect(promptNotices(prompts.toolWaitsContacting, prompts.toolWaits)).toEqual([]);
    expect(promptNotices(prompts.toolWaits, prompts.toolGaveUp)).toEqual([]);
  });

  test('names cannot steer the words around them', () => {
    for (const hostile of [identity.hostilePrompt, prompts.hostileProgram]) {
      const [notice] = promptNotices(states.signedIn, hostile);
      expect(`${notice?.title}${notice?.body}`).not.toMatch(/[\u202a-\u202e\u2066\u2067]/);
    }
  });
});

describe('the warning before the deadline', () => {
  const { signIn } = states.signedIn;
  if (signIn.kind !== 'signed-in') throw new Error('not signed in');
  const end = Date.parse(signIn.until);

  test('comes in the last ten minutes, once for each deadline', () => {
    expect(noticeOfDeadline(states.signedIn, end - 600_001, new Set())).toBeUndefined();
    const warning = noticeOfDeadline(states.signedIn, end - 600_000, new Set());
    expect(warning?.deadline).toContain(signIn.until);
    expect(
      noticeOfDeadline(states.signedIn, end - 300_000, new Set([warning?.deadline ?? ''])),
    ).toBeUndefined();
    expect(noticeOfDeadline(states.signedIn, end - 300_000, new Set(['another']))).toBeDefined();
    expect(noticeOfDeadline(states.signedIn, end, new Set())).toBeUndefined();
  });

  test('is waited for until the first is due, and not at all where none is', () => {
    expect(msToDeadlineNotice(states.signedIn, end - 700_000)).toBe(100_000);
    expect(msToDeadlineNotice(states.signedIn, end - 600_000)).toBeUndefined();
    expect(msToDeadlineNotice(states.signedOut, end - 700_000)).toBeUndefined();
    expect(msToDeadlineNotice(twoAccounts, Date.parse(privileged.until) - 601_000)).toBe(1000);
    // The other one's, once that is over.
    expect(msToDeadlineNotice(twoAccounts, Date.parse(usual.until) - 600_500)).toBe(500);
  });

  test('names the account where there are several, and comes for each', () => {
    const ends = Date.parse(privileged.until);
    const first = noticeOfDeadline(twoAccounts, ends - 60_000, new Set());
    expect(first?.notice.title).toContain(`The session of ${privileged.account.username} ends at `);
    const told = new Set([first?.deadline ?? '']);
    expect(noticeOfDeadline(twoAccounts, ends - 60_000, told)).toBeUndefined();
    const last = noticeOfDeadline(twoAccounts, Date.parse(usual.until) - 60_000, told);
    expect(last?.notice.title).toContain(`The session of ${usual.account.username} ends at `);
  });

  test('does not come at the start of a short session, nor without one', () => {
    const short = { ...signIn, since: new Date(end - 600_000).toISOString() };
    expect(
      noticeOfDeadline({ ...states.signedIn, accounts: [short] }, end - 600_000, new Set()),
    ).toBeUndefined();
    expect(noticeOfDeadline(states.signedOut, end - 1000, new Set())).toBeUndefined();
  });
});
