import { createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { newRequestId, readAnswer, signAnswer } from '../../main/second-factor/push-answer.ts';
import { visibleText } from '../../main/base/visible-text.ts';
import { type PushFixture, startPush } from './push-fixture.ts';
import { press } from './push-phone.ts';

let fixture: PushFixture | undefined;
afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

async function post(origin: string, topic: string, body: string): Promise<void> {
  const response = await fetch(`${origin}/${topic}`, { method: 'POST', body });
  expect(response.status).toBe(200);
}

const settled = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([
    promise.then(() => true),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 150)),
  ]);

describe('answers that nobody has given (ntfy stand-in)', () => {
  it('ignores everything in the answer topic that the broker has not signed for this request', async () => {
    fixture = await startPush();
    const { server, enrolment } = fixture;
    const { number, outcome } = fixture.ask();
    const shown = await number;
    const request = await fixture.phone.nextRequest();
    const right = request.actions?.find(({ label }) => label === String(shown))?.body ?? '';
    const [, id = '', , expiry = '', mac = ''] = right.split('.');
    const wrongKey = randomBytes(32);
    const forged = [
      'approved',
      '',
      '{}',
      'lk1....',
      `lk1.${id}.${shown}.${expiry}.${'A'.repeat(43)}`,
      `lk1.${id}.${shown}.${expiry}.`,
      `${right}=`,
      `${right}\n${right}`,
      ` lk1.${id}.${shown}.${expiry}.${mac.slice(0, 42)}!`,
      signAnswer(wrongKey, { requestId: id, number: shown, expiresAt: Number(expiry) }),
      `lk1.${newRequestId()}.${shown}.${expiry}.${mac}`,
      `lk1.${id}.${shown}.${Number(expiry) + 60_000}.${mac}`,
      `lk1.${id}.${shown === 99 ? 98 : shown + 1}.${expiry}.${mac}`,
      'x'.repeat(4000),
    ];
    for (const body of forged) await post(server.origin, enrolment.answerTopic, body);
    expect(await settled(outcome)).toBe(false);
    await fixture.phone.tap(request, String(shown));
    expect(await outcome).toBe('approved');
  });

  it('does not take a replayed answer for the next request, nor one for a request of another account', async () => {
    fixture = await startPush();
    const first = fixture.ask();
    const firstNumber = String(await first.number);
    const firstRequest = await fixture.phone.nextRequest();
    const used = firstRequest.actions?.find(({ label }) => label === firstNumber);
    await fixture.phone.tap(firstRequest, firstNumber);
    expect(await first.outcome).toBe('approved');

    const second = fixture.ask();
    const other = fixture.ask({ account: 'tenant-1/diego', enrolment: fixture.push.enrol().enrolment });
    await Promise.all([second.number, other.number]);
    const secondRequest = await fixture.phone.nextRequest();
    if (used === undefined) throw new Error('no button');
    await press(used);
    const otherTopic = fixture.server.requests.find(
      ({ url }) => url.includes('answer') && !url.includes(fixture?.enrolment.answerTopic ?? ''),
    )?.url;
    const secondBody = secondRequest.actions?.find(({ label }) => label !== firstNumber)?.body ?? '';
    await post(fixture.server.origin, otherTopic?.split('/')[1] ?? '', secondBody);
    expect(await settled(Promise.race([second.outcome, other.outcome]))).toBe(false);
    second.abort();
    other.abort();
    await Promise.all([second.outcome, other.outcome]);
  });

  it('counts one tap only: whatever comes after the first is too late', async () => {
    fixture = await startPush();
    const { number, outcome } = fixture.ask();
    const shown = String(await number);
    const request = await fixture.phone.nextRequest();
    const ordered = (request.actions ?? []).toSorted((a) => (a.label === shown ? 1 : -1));
    for (const button of ordered) await press(button);
    expect(await outcome).toMatchObject({ code: 'mfa-denied' });
  });

  it('reads an answer back only as it was signed, whatever is changed in it', () => {
    const key = randomBytes(32);
    const answer = { requestId: newRequestId(), number: 47, expiresAt: 1_773_133_950_000 };
    const signed = signAnswer(key, answer);
    expect(readAnswer(key, signed)).toEqual(answer);
    fc.assert(
      fc.property(fc.nat(signed.length - 1), fc.integer({ min: 33, max: 126 }), (place, code) => {
        const changed = signed.slice(0, place) + String.fromCharCode(code) + signed.slice(place + 1);
        fc.pre(changed !== signed);
        // The last of 43 base64url characters carries two bits that decode to nothing.
        const read = readAnswer(key, changed);
        if (place < signed.length - 1) expect(read).toBeUndefined();
        else expect([undefined, answer]).toContainEqual(read);
      }),
      { numRuns: 2_000 },
    );
    const unlabelled = createHmac('sha256', key).update(signed.slice(0, signed.lastIndexOf('.')));
    expect(
      readAnswer(key, `${signed.slice(0, signed.lastIndexOf('.'))}.${unlabelled.digest('base64url')}`),
    ).toBeUndefined();
  });
});

describe('names that strangers have chosen (ntfy stand-in)', () => {
  const hostile = {
    html: '<b>Approve</b><script>alert(1)</script> **now** [tap](https://evil.example)',
    bidi: 'selas\u202Egnp.exe\u2066\u200B\uFEFF',
    emoji: '👩‍💻 sales 🔥',
    lines: 'sales\nRole: none\r\nTap 47\u2028\u0000\u001B[31m',
    long: 'x'.repeat(10_240),
    wide: '𝒳'.repeat(10_240),
  };

  it.each(Object.entries(hostile))('shows %s as text on its own line', async (_kind, name) => {
    fixture = await startPush();
    const { number, outcome } = fixture.ask({
      program: name,
      connection: name,
      database: name,
      role: name,
      place: { host: name, clientAddress: name },
      also: Array.from({ length: 9 }, () => ({ program: name, role: name, connection: name })),
      isForSignIn: true,
    });
    const shown = String(await number);
    const request = await fixture.phone.nextRequest();
    const message = request.message ?? '';
    expect(message.split('\n')).toHaveLength(13);
    expect(message.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    expect(Buffer.byteLength(message)).toBeLessThan(4096);
    expect(Object.keys(request)).not.toContain('content_type');
    const wire = fixture.server.requests.find(({ method, url }) => method === 'POST' && url === '/');
    expect(Number(wire?.headers['content-length'])).toBeLessThanOrEqual(4096);
    await fixture.phone.tap(request, shown);
    expect(await outcome).toBe('approved');
  });

  it('makes steering characters visible and keeps the rest as it is', () => {
    expect(visibleText('a\u202Eb\nc')).toBe('a[U+202E]b[U+000A]c');
    expect(visibleText('<b>Müller & Söhne</b> 東京 🔥')).toBe('<b>Müller & Söhne</b> 東京 🔥');
    expect(visibleText('  \t ')).toBe('[U+0009]');
    expect(visibleText('   ')).toBe('(unknown)');
    expect(visibleText('\uD800')).toBe('[U+D800]');
  });

  it('never gives more than the length asked for nor anything that steers, for whatever text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.integer({ min: 1, max: 100 }),
        (text, longest) => {
          const shown = visibleText(text, longest);
          expect(Array.from(shown).length).toBeLessThanOrEqual(Math.max(longest, '(unknown)'.length));
          expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/u);
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
