import { beforeEach, expect, test } from 'vitest';
import { createStepUp } from '../../main/broker/step-up.ts';
import type { AuditEvent } from '../../main/audit/events.ts';
import type { LiveSession } from '../../main/session/live-session.ts';

const minute = 60_000;
const deed = { action: 'provider saved', subject: 'work' };
const began = Date.UTC(2026, 0, 1);
const account = { provider: 'work', tenantId: 't', objectId: 'ada', username: 'ada', displayName: 'Ada' };

let wall: number;
let monotonic: number;
let methods: ('totp' | 'push')[];
let events: AuditEvent[];

beforeEach(() => {
  wall = began;
  monotonic = 0;
  methods = [];
  events = [];
});

/** What becomes of a deed of this person, without a code. */
async function outcome(
  asked: Partial<NonNullable<LiveSession['asked']>> | undefined,
  rules: { repeatedSignIn?: boolean } = {},
): Promise<string> {
  const live = {
    id: 's1',
    provider: 'work',
    account,
    groups: [],
    groupsReadAt: began,
    since: began,
    until: began + 8 * 3600_000,
    ...(asked && { asked: { wall: began, monotonic: 0, isRepeated: false, ...asked } }),
  };
  const stepUp = createStepUp({
    sessionWithId: () => live,
    secondFactor: {
      enrolledMethods: async () => methods,
      verify: async () => undefined,
      approve: async () => undefined,
    },
    hasProviders: () => true,
    ownsHome: async () => false,
    audit: { append: async (event) => void events.push(event) },
    now: () => wall,
    monotonic: () => monotonic,
  });
  return stepUp
    .demand(deed, {}, rules, () => live)
    .then(
      () => 'done',
      ({ code }: { code: string }) => code,
    );
}

function pass(ms: number): void {
  wall += ms;
  monotonic += ms;
}

test('a sign-in that asked is good for five minutes', async () => {
  pass(5 * minute);
  expect(await outcome({})).toBe('done');
  expect(events).toMatchObject([{ event: 'administered', by: 'sign-in', actor: { username: 'ada' } }]);
  pass(1);
  expect(await outcome({})).toBe('mfa-required');
  expect(events.at(-1)).toMatchObject({ event: 'administration-refused', code: 'mfa-required' });
});

test('a clock that is set back makes it no younger', async () => {
  monotonic += 5 * minute + 1;
  expect(await outcome({})).toBe('mfa-required');
  // Nor one that has never been.
  monotonic = 0;
  wall -= 1;
  expect(await outcome({})).toBe('mfa-required');
});

test('time that the computer has slept counts', async () => {
  wall += 5 * minute + 1;
  expect(await outcome({})).toBe('mfa-required');
});

test('a sign-in that a browser has answered without asking is good for nothing', async () => {
  expect(await outcome(undefined)).toBe('mfa-required');
});

test('for a lost authenticator it has to be repeated, and in the same time', async () => {
  methods = ['totp'];
  const repeated = { repeatedSignIn: true };
  expect(await outcome({ isRepeated: true })).toBe('mfa-required');
  expect(await outcome({}, repeated)).toBe('mfa-required');
  expect(await outcome(undefined, repeated)).toBe('mfa-required');
  expect(await outcome({ isRepeated: true }, repeated)).toBe('done');
  pass(5 * minute + 1);
  expect(await outcome({ isRepeated: true }, repeated)).toBe('mfa-required');
});
