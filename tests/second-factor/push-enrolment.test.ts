import jsqr from 'jsqr';
import { afterEach, describe, expect, it } from 'vitest';
import { invitationOf, newEnrolment, pushEnrolment } from '../../main/second-factor/push-enrolment.ts';
import { createPush } from '../../main/second-factor/push.ts';
import { type PushFixture, startPush } from './push-fixture.ts';

let fixture: PushFixture | undefined;
afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

// The package exports the function itself; its types, written for bundlers, say that it is on `default`.
const readQr = jsqr as unknown as typeof jsqr.default;

/** What a phone's camera reads: each module as a square of four pixels. */
function scan(qr: boolean[][]): string | undefined {
  const width = qr.length * 4;
  const pixels = new Uint8ClampedArray(width * width * 4);
  for (let pixel = 0; pixel < width * width; pixel += 1) {
    const isDark = qr[Math.floor(pixel / width / 4)]?.[Math.floor((pixel % width) / 4)];
    pixels.set(isDark ? [0, 0, 0, 255] : [255, 255, 255, 255], pixel * 4);
  }
  return readQr(pixels, width, width)?.data;
}

describe('enrolment of a phone', () => {
  it('gives topics of 130 random bits, a key of 256, and links that a phone can read', () => {
    const enrolment = newEnrolment('https://ntfy.example');
    expect(enrolment.requestTopic).toMatch(/^latchkey-ask-[0-9a-hjkmnp-tv-z]{26}$/);
    expect(enrolment.answerTopic).toMatch(/^latchkey-answer-[0-9a-hjkmnp-tv-z]{26}$/);
    expect(Buffer.from(enrolment.key, 'base64url')).toHaveLength(32);
    const invitation = invitationOf(enrolment);
    expect(invitation).toMatchObject({
      link: `ntfy://ntfy.example/${enrolment.requestTopic}`,
      webLink: `https://ntfy.example/${enrolment.requestTopic}`,
      topic: enrolment.requestTopic,
    });
    expect(scan(invitation.qr)).toBe(invitation.link);
  });

  it('marks an http server in the link', () => {
    const { link } = invitationOf(newEnrolment('http://127.0.0.1:8080'));
    expect(link).toMatch(/^ntfy:\/\/127\.0\.0\.1:8080\/latchkey-ask-\w+\?secure=false$/);
  });

  it('never gives the same secret twice, and nothing of the key is in the invitation', () => {
    const many = Array.from({ length: 200 }, () => newEnrolment('https://ntfy.example'));
    const secrets = many.flatMap(({ requestTopic, answerTopic, key }) => [
      requestTopic.slice(-26),
      answerTopic.slice(-26),
      key,
    ]);
    expect(new Set(secrets).size).toBe(600);
    const [first] = many as [(typeof many)[0]];
    const { qr: _qr, ...shown } = invitationOf(first);
    expect(JSON.stringify(shown)).not.toContain(first.key);
    expect(JSON.stringify(shown)).not.toContain(first.answerTopic);
  });

  it('survives being kept as JSON and refuses what is not an enrolment', () => {
    const enrolment = newEnrolment('https://ntfy.example', 'tk_abc');
    expect(pushEnrolment.parse(JSON.parse(JSON.stringify(enrolment)))).toEqual(enrolment);
    for (const changed of [
      { requestTopic: 'latchkey-ask-short' },
      { requestTopic: `${enrolment.requestTopic}/json` },
      { key: 'abc' },
      { version: 2 },
      { accessToken: 'a\r\nb' },
    ]) {
      expect(pushEnrolment.safeParse({ ...enrolment, ...changed }).success).toBe(false);
    }
  });

  it.each(['tk_abc\r\nx-evil: 1', '', 'with space', 'ü'])('refuses the access token %j', (token) => {
    expect(() => newEnrolment('https://ntfy.example', token)).toThrow(
      expect.objectContaining({ code: 'config-invalid' }),
    );
  });

  it.each([
    'http://ntfy.example',
    'http://127.0.0.1.example',
    'https://user:secret@ntfy.example',
    'https://ntfy.example/path',
    'https://ntfy.example/?a=b',
    'https://ntfy.example/#a',
    'ntfy://ntfy.example',
    'ntfy.example',
    '',
  ])('refuses the server %j without repeating it', (server) => {
    const make = () =>
      createPush({ server, fetch, ledger: { load: async () => undefined, save: async () => undefined } });
    expect(make).toThrow(expect.objectContaining({ code: 'config-invalid' }));
    expect(make).not.toThrow('secret');
  });

  it('confirms a phone with a test that approves nothing and is not counted (ntfy stand-in)', async () => {
    fixture = await startPush();
    const { push, enrolment, phone, saved } = fixture;
    const number = Promise.withResolvers<number>();
    const outcome = push.test(
      { account: 'tenant-1/adele', enrolment, host: 'laptop-7', onNumber: number.resolve },
      AbortSignal.timeout(20_000),
    );
    const shown = String(await number.promise);
    const request = await phone.nextRequest();
    expect(request.title).toBe('Latchkey: test of this phone');
    expect(request.message).toContain('laptop-7');
    await phone.tap(request, shown);
    expect(await outcome).toBe('approved');
    expect(saved.size).toBe(0);
  });

  it('asks for a new enrolment when the server was changed', async () => {
    fixture = await startPush();
    const moved = { ...fixture.enrolment, server: 'https://ntfy.example' };
    expect(await fixture.ask({ enrolment: moved }).outcome).toMatchObject({ code: 'mfa-not-enrolled' });
  });
});
