import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { socketPaths } from '../../main/dbus/bus.ts';
import { decodeMessage, encodeMessage } from '../../main/dbus/message.ts';
import { typesOf } from '../../main/dbus/values.ts';

const call = {
  type: 'call',
  serial: 7,
  path: '/a',
  interface: 'a.b',
  member: 'C',
  destination: 'd.e',
} as const;

describe('D-Bus messages', () => {
  test('values of every type come back as they were', () => {
    const signature = 'ybnqiuxtdsogvas(us)a{sv}aay';
    const body = [255, true, -2, 65535, -3, 4294967295, -5n, 6n, 0.5, 'sé', '/o/p', 'a{sv}'];
    const dict = [
      ['one', { signature: 'u', value: 1 }],
      ['two', { signature: 'as', value: ['x'] }],
    ];
    const written = [
      ...body,
      { signature: '(us)', value: [1, 'in'] },
      ['p', ''],
      [9, 'z'],
      dict,
      [[1, 2], []],
    ];
    const bytes = encodeMessage({ ...call, signature, body: written });
    const read = [...body, [1, 'in'], ['p', ''], [9, 'z']];
    expect(decodeMessage(bytes)).toEqual({
      length: bytes.length,
      message: {
        ...call,
        signature,
        body: [
          ...read,
          [
            ['one', 1],
            ['two', ['x']],
          ],
          [[1, 2], []],
        ],
      },
    });
  });

  test('big endian is read as well', () => {
    // A return of the string "ok" to call 5, as a peer of the other byte order writes it.
    const bytes = Buffer.from(
      '42020001' +
        '00000007' +
        '00000009' +
        '0000000f' +
        '05017500' +
        '00000005' +
        '0801670001730000' +
        '000000026f6b00',
      'hex',
    );
    expect(decodeMessage(bytes)?.message).toEqual({
      type: 'return',
      serial: 9,
      replySerial: 5,
      signature: 's',
      body: ['ok'],
    });
  });

  test('what has not come as a whole is waited for', () => {
    const bytes = encodeMessage({ ...call, signature: 's', body: ['text'] });
    for (let length = 0; length < bytes.length; length += 1)
      expect(decodeMessage(bytes.subarray(0, length))).toBeUndefined();
  });

  test('bytes that are no message end in an error of two kinds, soon', () => {
    const good = encodeMessage({
      ...call,
      signature: 'a{sv}s',
      body: [[['k', { signature: 's', value: 'v' }]], 'x'],
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.uint8Array({ maxLength: 64 }),
        (changes, after) => {
          const bytes = Buffer.concat([good, after]);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            decodeMessage(bytes);
          } catch (error) {
            if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
          }
        },
      ),
      { numRuns: 20_000 },
    );
  });

  test('signatures that are none are refused, however deep', () => {
    for (const signature of ['a', '(', '(s', '{sv', 'sz', '()', 'a()', '{}', 'a'.repeat(1000)])
      expect(() => typesOf(signature)).toThrow(TypeError);
  });

  test('an array of empty structs, which would never end, is refused', () => {
    const bytes = encodeMessage({ ...call, signature: 'a(y)s', body: [[[1], [2]], 'x'] });
    bytes.write('a()ss', bytes.indexOf('a(y)s'), 'latin1');
    expect(() => decodeMessage(bytes)).toThrow(TypeError);
  });

  test('addresses of a bus', () => {
    expect(socketPaths('tcp:host=x,port=1;unix:path=/run/user/1/b%20s,guid=a;unix:abstract=/tmp/x')).toEqual([
      '/run/user/1/b s',
      '\0/tmp/x',
    ]);
    expect(socketPaths('')).toEqual([]);
  });
});
