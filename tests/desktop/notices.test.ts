import { describe, expect, test } from 'vitest';
import type { AppState } from '../../main/contract/state.ts';
import { noticeOfDeadline, noticeOnChange, promptNotices } from '../../main/desktop/notices.ts';
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

  test('of a tool that came while nobody is signed in is told once, however the sign-in goes on', () => {
    expect(promptNotices(states.signedOut, prompts.toolWaitsContacting)).toEqual([
      {
        promptId: 'w1',
        title: 'Sign in to reach Sales warehouse',
        body: 'dbeaver, which calls itself DBeaver 25.3 - Main, came with the handle of DBeaver. Its login goes on once you are signed in as adele.vance@contoso.example. Click to sign in.',
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
    expect(noticeOfDeadline(states.signedIn, end - 600_001, undefined)).toBeUndefined();
    const warning = noticeOfDeadline(states.signedIn, end - 600_000, undefined);
    expect(warning?.deadline).toBe(signIn.until);
    expect(noticeOfDeadline(states.signedIn, end - 300_000, signIn.until)).toBeUndefined();
    expect(noticeOfDeadline(states.signedIn, end - 300_000, 'another')).toBeDefined();
    expect(noticeOfDeadline(states.signedIn, end, undefined)).toBeUndefined();
  });

  test('does not come at the start of a short session, nor without one', () => {
    const short = { ...signIn, since: new Date(end - 600_000).toISOString() };
    expect(noticeOfDeadline({ ...states.signedIn, signIn: short }, end - 600_000, undefined)).toBeUndefined();
    expect(noticeOfDeadline(states.signedOut, end - 1000, undefined)).toBeUndefined();
  });
});
