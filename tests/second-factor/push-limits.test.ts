import { afterEach, describe, expect, it } from 'vitest';
import { pushAttempts } from '../../main/second-factor/push-attempts.ts';
import { adele, type PushFixture, startPush, startRequest, subject } from './push-fixture.ts';

let fixture: PushFixture | undefined;
afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

const minute = 60_000;

async function leaveUnanswered(on: PushFixture): Promise<void> {
  const { number, outcome, abort } = on.ask();
  await number;
  await on.phone.nextRequest();
  abort();
  await outcome;
}

async function tapWrong(on: PushFixture): Promise<unknown> {
  const { number, outcome } = on.ask();
  const shown = String(await number);
  const request = await on.phone.nextRequest();
  await on.phone.tap(request, request.actions?.find(({ label }) => label !== shown)?.label ?? '');
  return outcome;
}

async function approve(on: PushFixture): Promise<unknown> {
  const { number, outcome } = on.ask();
  const shown = String(await number);
  await on.phone.tap(await on.phone.nextRequest(), shown);
  return outcome;
}

/** Requests that have reached the phone. */
const asked = (on: PushFixture): number =>
  on.server.messages(on.enrolment.requestTopic).filter(({ actions }) => actions !== undefined).length;

describe('limits of push (ntfy stand-in)', () => {
  it('refuses the fourth request in ten minutes after three unanswered ones, and says until when', async () => {
    fixture = await startPush();
    for (let round = 0; round < 3; round += 1) await leaveUnanswered(fixture);
    expect(await fixture.ask().outcome).toMatchObject({
      code: 'mfa-locked',
      message: expect.stringMatching(/until \d{1,2} \w{3} \d{4}, \d\d:\d\d /) as string,
    });
    expect(asked(fixture)).toBe(3);
    fixture.advance(10 * minute);
    expect(await approve(fixture)).toBe('approved');
  });

  it('counts unanswered requests over a restart', async () => {
    fixture = await startPush();
    for (let round = 0; round < 3; round += 1) await leaveUnanswered(fixture);
    await fixture.push.close();
    const again = startRequest(fixture.restarted(), subject(fixture.enrolment));
    expect(await again.outcome).toMatchObject({ code: 'mfa-locked' });
    expect(pushAttempts.parse(fixture.saved.get(adele)).failed).toHaveLength(3);
  });

  it('has counted a request before it reaches the phone', async () => {
    fixture = await startPush();
    const { number, outcome, abort } = fixture.ask();
    await number;
    expect(fixture.saved.get(adele)?.failed).toHaveLength(1);
    abort();
    await outcome;
  });

  it('asks nobody where the count cannot be kept', async () => {
    fixture = await startPush();
    const { server, enrolment, fetch } = fixture;
    const { createPush } = await import('../../main/second-factor/push.ts');
    const push = createPush({
      server: server.origin,
      fetch,
      ledger: { load: async () => undefined, save: () => Promise.reject(new Error('disk full')) },
    });
    const { outcome } = startRequest(push, subject(enrolment));
    expect(await outcome).toMatchObject({ message: 'disk full' });
    expect(asked(fixture)).toBe(0);
    await push.close();
  });

  it('does not count approvals', async () => {
    fixture = await startPush();
    for (let round = 0; round < 5; round += 1) expect(await approve(fixture)).toBe('approved');
    expect(fixture.saved.get(adele)).toEqual({ failed: [], wrongInARow: 0, lockedUntil: 0 });
  });

  it('locks for an hour after two wrong numbers in a row, for a day after every further one', async () => {
    fixture = await startPush();
    expect(await tapWrong(fixture)).toMatchObject({ code: 'mfa-denied' });
    expect(await tapWrong(fixture)).toMatchObject({ code: 'mfa-denied' });
    fixture.advance(59 * minute);
    expect(await fixture.ask().outcome).toMatchObject({ code: 'mfa-locked' });
    fixture.advance(minute);
    expect(await tapWrong(fixture)).toMatchObject({ code: 'mfa-denied' });
    fixture.advance(23 * 60 * minute);
    expect(await fixture.ask().outcome).toMatchObject({ code: 'mfa-locked' });
    fixture.advance(60 * minute);
    expect(await approve(fixture)).toBe('approved');
    expect(await tapWrong(fixture)).toMatchObject({ code: 'mfa-denied' });
    expect(await approve(fixture)).toBe('approved');
  });

  it('counts a wrong number as one of the three', async () => {
    fixture = await startPush();
    await tapWrong(fixture);
    await leaveUnanswered(fixture);
    await leaveUnanswered(fixture);
    expect(await fixture.ask().outcome).toMatchObject({ code: 'mfa-locked' });
  });

  it('lets one account have one open request, and others theirs', async () => {
    fixture = await startPush();
    const first = fixture.ask();
    await first.number;
    expect(await fixture.ask().outcome).toMatchObject({ code: 'limit-reached' });
    const other = fixture.ask({ account: 'tenant-1/diego', enrolment: fixture.push.enrol().enrolment });
    await other.number;
    first.abort();
    other.abort();
    await Promise.all([first.outcome, other.outcome]);
    expect(await approve(fixture)).toBe('approved');
  });

  it('never locks for longer because the clock was set back', async () => {
    fixture = await startPush();
    for (let round = 0; round < 3; round += 1) await leaveUnanswered(fixture);
    fixture.advance(-24 * 60 * minute);
    expect(await fixture.ask().outcome).toMatchObject({ code: 'mfa-locked' });
    const saved = fixture.saved.get(adele);
    fixture.saved.set(adele, {
      failed: [],
      wrongInARow: 3,
      lockedUntil: Date.now() + 365 * 24 * 60 * minute,
    });
    const { outcome } = fixture.ask();
    const locked = (await outcome) as Error;
    expect(saved?.failed).toHaveLength(3);
    expect(locked.message).not.toContain(String(new Date().getFullYear() + 1));
  });
});
