import { afterEach, describe, expect, it } from 'vitest';
import { type PushFixture, startPush, subject } from './push-fixture.ts';

let fixture: PushFixture | undefined;
afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

describe('push approval (ntfy stand-in: no package registry has the real server)', () => {
  it('approves when the number on the screen is tapped', async () => {
    fixture = await startPush();
    const { number, outcome } = fixture.ask();
    const shown = await number;
    const request = await fixture.phone.nextRequest();
    expect(await fixture.phone.tap(request, String(shown))).toBe(200);
    expect(await outcome).toBe('approved');
  });

  it('tells what is asked for, offers three numbers and marks none of them', async () => {
    fixture = await startPush();
    const { number, outcome } = fixture.ask();
    const shown = await number;
    const request = await fixture.phone.nextRequest();
    expect(request.message?.split('\n').slice(0, 5)).toEqual([
      'Tap the number that Latchkey shows on your screen.',
      'Program: psql',
      'Database: sales (Sales warehouse)',
      'Role: reporting',
      'From: laptop-7, 127.0.0.1',
    ]);
    expect(request.message).toMatch(/^Time: 10 Mar 2026, \d\d:12 /m);
    expect(request.message).toContain('Tap nothing');
    const actions = request.actions ?? [];
    expect(actions).toHaveLength(3);
    expect(new Set(actions.map(({ label }) => label)).size).toBe(3);
    expect(actions.filter(({ label }) => label === String(shown))).toHaveLength(1);
    const shapes = actions.map(({ label, body, id: _id, ...rest }) => ({
      ...rest,
      label: label.length,
      body: body?.length,
    }));
    expect(new Set(shapes.map((shape) => JSON.stringify(shape))).size).toBe(1);
    expect(JSON.stringify(request)).not.toContain(fixture.enrolment.key);
    await fixture.phone.tap(request, String(shown));
    await outcome;
  });

  it('tells what else the same answer lets in', async () => {
    fixture = await startPush();
    const also = ['psql', 'pg_dump', '', 'a', 'b'].map((program) => ({
      program,
      role: 'owner',
      connection: 'payroll',
    }));
    const { number, outcome } = fixture.ask({ also, isForSignIn: true });
    const shown = String(await number);
    const request = await fixture.phone.nextRequest();
    expect(request.message?.split('\n').slice(3, 9)).toEqual([
      'Role: reporting',
      'Lets in too: psql as owner (payroll)',
      'Lets in too: pg_dump as owner (payroll)',
      'Lets in too: (unknown) as owner (payroll)',
      'Lets in too: 2 more',
      'It counts for this whole sign-in.',
    ]);
    await fixture.phone.tap(request, shown);
    expect(await outcome).toBe('approved');
  });

  it('puts the right number at every place', async () => {
    fixture = await startPush();
    const places = new Set<number | undefined>();
    for (let round = 0; round < 40 && places.size < 3; round += 1) {
      const { number, outcome } = fixture.ask();
      const shown = String(await number);
      const request = await fixture.phone.nextRequest();
      places.add(request.actions?.findIndex(({ label }) => label === shown));
      await fixture.phone.tap(request, shown);
      expect(await outcome).toBe('approved');
    }
    expect(places).toEqual(new Set([0, 1, 2]));
  });

  it('refuses at once when another number is tapped, and the right one no longer helps', async () => {
    fixture = await startPush();
    const { number, outcome } = fixture.ask();
    const shown = String(await number);
    const request = await fixture.phone.nextRequest();
    const wrong = request.actions?.find(({ label }) => label !== shown);
    await fixture.phone.tap(request, wrong?.label ?? '');
    expect(await outcome).toMatchObject({ code: 'mfa-denied' });
    await fixture.phone.tap(request, shown);
    expect(fixture.saved.get(subject(fixture.enrolment).account)).toMatchObject({ wrongInARow: 1 });
  });

  it.each([
    ['approved', 'Latchkey: approved'],
    ['refused', 'Latchkey: refused'],
  ])('replaces the request on the phone when it was %s', async (how, title) => {
    fixture = await startPush();
    const { number, outcome } = fixture.ask();
    const shown = String(await number);
    const request = await fixture.phone.nextRequest();
    const tapped = request.actions?.find(({ label }) => (label === shown) === (how === 'approved'));
    await fixture.phone.tap(request, tapped?.label ?? '');
    await outcome;
    await fixture.push.close();
    const shownNow = await fixture.phone.shown();
    expect(shownNow).toHaveLength(1);
    expect(shownNow[0]).toMatchObject({ sequence_id: request.sequence_id, title, priority: 1 });
    expect(shownNow[0]?.actions).toBeUndefined();
  });

  it('expires unanswered, says so on the phone, and a tap after that does nothing', async () => {
    fixture = await startPush({ timing: { expiresMs: 2_000 } });
    const { number, outcome } = fixture.ask();
    const shown = String(await number);
    const request = await fixture.phone.nextRequest();
    expect(await outcome).toMatchObject({ code: 'mfa-expired' });
    expect(await fixture.phone.tap(request, shown)).toBe(200);
    await fixture.push.close();
    expect((await fixture.phone.shown()).map(({ title }) => title)).toContain('Latchkey: expired');
  });

  it('does not count an answer that comes after the deadline of the clock, though the timer still runs', async () => {
    fixture = await startPush({ timing: { expiresMs: 3_000 } });
    const { number, outcome } = fixture.ask();
    const shown = String(await number);
    const request = await fixture.phone.nextRequest();
    fixture.advance(4_000);
    await fixture.phone.tap(request, shown);
    expect(await outcome).toMatchObject({ code: 'mfa-expired' });
  });

  it('is over at once when the login is given up, and the phone says so', async () => {
    fixture = await startPush();
    const { number, outcome, abort } = fixture.ask();
    await number;
    const request = await fixture.phone.nextRequest();
    abort();
    expect(await outcome).toMatchObject({ message: 'given up' });
    await fixture.push.close();
    expect(await fixture.phone.shown()).toMatchObject([
      { sequence_id: request.sequence_id, title: 'Latchkey: withdrawn' },
    ]);
    expect(fixture.server.streams()).toBe(0);
  });

  it('gives up open requests when the broker closes', async () => {
    fixture = await startPush();
    const { number, outcome } = fixture.ask();
    await number;
    await fixture.phone.nextRequest();
    await fixture.push.close();
    expect(await outcome).toMatchObject({ code: 'push-failed' });
    expect((await fixture.phone.shown()).map(({ title }) => title)).toEqual(['Latchkey: withdrawn']);
  });

  it('asks two accounts at the same time without mixing them up', async () => {
    fixture = await startPush();
    const other = fixture.push.enrol().enrolment;
    const first = fixture.ask();
    const second = fixture.ask({ account: 'tenant-1/diego', enrolment: other, program: 'DBeaver' });
    const [firstNumber] = await Promise.all([first.number, second.number]);
    const request = await fixture.phone.nextRequest();
    expect(request.message).toContain('Program: psql');
    expect(request.message).not.toContain('DBeaver');
    await fixture.phone.tap(request, String(firstNumber));
    expect(await first.outcome).toBe('approved');
    second.abort();
    expect(await second.outcome).toMatchObject({ message: 'given up' });
  });
});
