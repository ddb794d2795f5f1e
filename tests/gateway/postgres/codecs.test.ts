import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as backend from '../../../main/gateway/postgres/backend-messages.ts';
import { certificateHash } from '../../../main/gateway/postgres/certificate-hash.ts';
import * as frontend from '../../../main/gateway/postgres/frontend-messages.ts';
import * as scram from '../../../main/gateway/postgres/scram-messages.ts';
import {
  type StartupPacket,
  encodeStartupPacket,
  maxStartupLength,
  parseStartupPacket,
  startupLength,
} from '../../../main/gateway/postgres/startup.ts';
import { upstreamRefusal } from '../../../main/gateway/postgres/upstream-talk.ts';
import { ProtocolError } from '../../../main/gateway/refused.ts';
import { headerLength, parseHeader } from '../../../main/gateway/postgres/wire.ts';

const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', ''));
const name = fc.string({ minLength: 1, maxLength: 40 }).map((value) => `n${value.replaceAll('\0', '')}`);
const bytes = (
  lengths: fc.IntArrayConstraints & { minLength?: number; maxLength?: number } = {},
): fc.Arbitrary<Buffer> => fc.uint8Array(lengths).map((array) => Buffer.from(array));
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const printable = fc.string({
  unit: fc.constantFrom(...'abcXYZ019+/=!#$%&*()[]{}<>;:.-_~'),
  minLength: 1,
  maxLength: 100,
});

/** The body of one encoded message, after a check of its header. */
function bodyOf(message: Buffer, type: string): Buffer {
  const header = parseHeader(message.subarray(0, headerLength), 1_000_000);
  expect(header).toEqual({ type, bodyLength: message.length - headerLength });
  return message.subarray(headerLength);
}

describe('what is encoded is parsed to the same', () => {
  const startup: fc.Arbitrary<StartupPacket> = fc.oneof(
    fc.constant<StartupPacket>({ kind: 'ssl-request' }),
    fc.constant<StartupPacket>({ kind: 'gss-request' }),
    fc.record({
      kind: fc.constant('cancel' as const),
      processId: int32,
      secret: bytes({ minLength: 4, maxLength: 256 }),
    }),
    fc.record({
      kind: fc.constant('other-version' as const),
      major: fc.constantFrom(1, 2, 4, 9),
      minor: fc.nat(0xffff),
    }),
    fc.record({
      kind: fc.constant('startup' as const),
      minor: fc.nat(0xffff),
      parameters: fc.array(fc.tuple(name, text)),
      protocolOptions: fc.array(name.map((option) => `_pq_.${option}`)),
    }),
  );

  test('startup packets', () => {
    fc.assert(
      fc.property(startup, (packet) => {
        const encoded = encodeStartupPacket(packet);
        fc.pre(encoded.length <= maxStartupLength);
        expect(startupLength(encoded.subarray(0, 4))).toBe(encoded.length);
        expect(parseStartupPacket(encoded.subarray(4))).toEqual(packet);
      }),
    );
  });

  test('authentication requests', () => {
    const request: fc.Arbitrary<backend.AuthenticationRequest> = fc.oneof(
      fc.constant<backend.AuthenticationRequest>({ kind: 'ok' }),
      fc.constant<backend.AuthenticationRequest>({ kind: 'cleartext-password' }),
      fc.record({ kind: fc.constant('md5-password' as const), salt: bytes({ minLength: 4, maxLength: 4 }) }),
      fc.record({ kind: fc.constant('sasl' as const), mechanisms: fc.array(name) }),
      fc.record({
        kind: fc.constantFrom('sasl-continue' as const, 'sasl-final' as const),
        data: fc.string({ unit: 'grapheme' }),
      }),
      fc.record({ kind: fc.constant('other' as const), code: fc.constantFrom(2, 6, 7, 8, 9, 13, 99) }),
    );
    fc.assert(
      fc.property(request, (sent) => {
        expect(backend.parseAuthentication(bodyOf(backend.encodeAuthentication(sent), 'R'))).toEqual(sent);
      }),
    );
  });

  test('errors, keys, parameters, versions', () => {
    const grapheme = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', ''));
    const error = fc.record(
      { severity: grapheme, sqlState: grapheme, message: grapheme, hint: grapheme },
      { requiredKeys: ['severity', 'sqlState', 'message'] },
    );
    fc.assert(
      fc.property(error, (sent) => {
        expect(backend.parseError(bodyOf(backend.encodeError(sent), 'E'))).toEqual(sent);
      }),
    );
    fc.assert(
      fc.property(fc.record({ processId: int32, secret: bytes({ minLength: 4, maxLength: 256 }) }), (key) => {
        expect(backend.parseBackendKey(bodyOf(backend.encodeBackendKey(key), 'K'))).toEqual(key);
      }),
    );
    fc.assert(
      fc.property(grapheme, grapheme, (parameter, value) => {
        const encoded = backend.encodeParameterStatus(parameter, value);
        expect(backend.parseParameterStatus(bodyOf(encoded, 'S'))).toEqual({ name: parameter, value });
      }),
    );
    fc.assert(
      fc.property(fc.nat(0xffff), fc.array(name), (minor, unknownOptions) => {
        const encoded = backend.encodeNegotiateVersion(minor, unknownOptions);
        expect(backend.parseNegotiateVersion(bodyOf(encoded, 'v'))).toEqual({ minor, unknownOptions });
      }),
    );
  });

  test('passwords and SASL responses', () => {
    const grapheme = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', ''));
    fc.assert(
      fc.property(grapheme, (password) => {
        expect(frontend.parsePassword(bodyOf(frontend.encodePassword(password), 'p'))).toBe(password);
      }),
    );
    const initial = fc.record({ mechanism: name, data: grapheme }, { requiredKeys: ['mechanism'] });
    fc.assert(
      fc.property(initial, (sent) => {
        expect(frontend.parseSaslInitial(bodyOf(frontend.encodeSaslInitial(sent), 'p'))).toEqual(sent);
      }),
    );
  });

  test('the texts of SCRAM', () => {
    fc.assert(
      fc.property(fc.constantFrom('n', 'y', 'p=tls-server-end-point'), printable, (binding, nonce) => {
        const { text: sent, ...first } = scram.formatClientFirst(binding, nonce);
        expect(scram.parseClientFirst(sent)).toEqual(first);
      }),
    );
    const serverFirst = fc.record({
      nonce: printable,
      salt: bytes({ minLength: 1, maxLength: 64 }),
      iterations: fc.integer({ min: 1, max: 2 ** 31 }),
    });
    fc.assert(
      fc.property(serverFirst, (sent) => {
        expect(scram.parseServerFirst(scram.formatServerFirst(sent))).toEqual(sent);
      }),
    );
    fc.assert(
      fc.property(
        bytes({ maxLength: 100 }),
        printable,
        bytes({ maxLength: 64 }),
        (channelBinding, nonce, proof) => {
          const withoutProof = scram.formatClientFinal(channelBinding, nonce);
          const sent = `${withoutProof},p=${proof.toString('base64')}`;
          expect(scram.parseClientFinal(sent)).toEqual({ channelBinding, nonce, proof, withoutProof });
          expect(scram.parseServerFinal(scram.formatServerFinal(proof))).toEqual({ signature: proof });
        },
      ),
    );
  });
});

describe('whatever comes in, nothing but ProtocolError comes out', () => {
  const address = {
    host: 'db',
    port: 5432,
    tls: { mode: 'off' as const },
    allowedMethods: [],
    connectTimeoutMs: 1,
  };
  const asked = {
    login: { user: 'reporting', database: 'sales', password: 'secret', readOnly: true },
    parameters: [
      ['role', 'x'],
      ['options', '-c a=b'],
    ] as const,
  };
  const errorBody = backend
    .encodeError({ severity: 'FATAL', sqlState: '28000', message: 'text' })
    .subarray(headerLength);
  const saslBody = frontend
    .encodeSaslInitial({ mechanism: 'SCRAM-SHA-256', data: 'n,,n=,r=abc' })
    .subarray(headerLength);
  const startup: StartupPacket = {
    kind: 'startup',
    minor: 2,
    parameters: [['user', 'ann']],
    protocolOptions: ['_pq_.x'],
  };
  /** Each parser with an input that it takes, which the tests then damage. */
  const parsers: [string, (input: Buffer) => unknown, Buffer | string][] = [
    ['parseHeader', (input) => parseHeader(input, 1000), Buffer.from([0x52, 0, 0, 0, 8])],
    ['startupLength', startupLength, Buffer.from([0, 0, 1, 0])],
    ['parseStartupPacket', parseStartupPacket, encodeStartupPacket(startup).subarray(4)],
    ['parseAuthentication', backend.parseAuthentication, Buffer.from('\0\0\0\x0aSCRAM-SHA-256\0\0')],
    ['parseError', backend.parseError, errorBody],
    ['parseBackendKey', backend.parseBackendKey, Buffer.alloc(8)],
    [
      'parseNegotiateVersion',
      backend.parseNegotiateVersion,
      backend.encodeNegotiateVersion(2, ['_pq_.x']).subarray(headerLength),
    ],
    ['parseParameterStatus', backend.parseParameterStatus, 'TimeZone\0UTC\0'],
    ['parsePassword', frontend.parsePassword, 'secret\0'],
    ['parseSaslInitial', frontend.parseSaslInitial, saslBody],
    ['parseClientFirst', (input) => scram.parseClientFirst(input.toString()), 'n,,n=,r=abc,x=y'],
    ['parseServerFirst', (input) => scram.parseServerFirst(input.toString()), 'r=abcdef,s=AAAA,i=4096'],
    ['parseClientFinal', (input) => scram.parseClientFinal(input.toString()), 'c=biws,r=abcdef,p=AAAA'],
    ['parseServerFinal', (input) => scram.parseServerFinal(input.toString()), 'v=AAAA'],
    [
      'upstreamRefusal',
      (input) => upstreamRefusal(input, address, { trusted: true, isIn: true }, asked),
      errorBody,
    ],
    ['certificateHash', certificateHash, Buffer.from('30123003020100300d06092a864886f70d01010b', 'hex')],
  ];
  const damage = fc.oneof(
    fc.record({ cut: fc.nat(60) }),
    fc.record({ at: fc.nat(60), flip: fc.nat(255) }),
    fc.record({ at: fc.nat(60), insert: bytes({ maxLength: 8 }) }),
    fc.record({ at: fc.nat(60), remove: fc.nat(8) }),
  );
  const damaged = (valid: Buffer): fc.Arbitrary<Buffer> =>
    fc.array(damage, { maxLength: 3 }).map((list) => {
      let sent = Buffer.from(valid);
      for (const step of list) {
        if ('cut' in step) sent = sent.subarray(0, step.cut);
        else if ('flip' in step)
          sent = Buffer.from(sent.map((byte, index) => (index === step.at ? byte ^ step.flip : byte)));
        else if ('insert' in step)
          sent = Buffer.concat([sent.subarray(0, step.at), step.insert, sent.subarray(step.at)]);
        else sent = Buffer.concat([sent.subarray(0, step.at), sent.subarray(step.at + step.remove)]);
      }
      return sent;
    });

  test.each(parsers)('%s', (_name, parse, valid) => {
    let parsed = 0;
    let refused = 0;
    fc.assert(
      fc.property(fc.oneof(bytes({ maxLength: 400 }), damaged(Buffer.from(valid as string))), (sent) => {
        const before = Buffer.from(sent);
        try {
          parse(sent);
          parsed += 1;
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          refused += 1;
        }
        expect(sent.equals(before)).toBe(true);
      }),
      { numRuns: 5000 },
    );
    expect(parsed).toBeGreaterThan(10);
    // The certificate's hash answers with undefined instead.
    if (parse !== certificateHash) expect(refused).toBeGreaterThan(10);
  });

  test('no parser takes long over the longest input it can get', () => {
    const longest = [
      Buffer.alloc(30_000),
      Buffer.alloc(30_000, 'a'),
      Buffer.from('a\0'.repeat(15_000)),
      Buffer.from(`n,,n=,r=${'a'.repeat(30_000)}`),
      Buffer.from(','.repeat(30_000)),
      Buffer.from(`p=${'A'.repeat(30_000)}`),
    ];
    for (const [label, parse] of parsers) {
      for (const sent of longest) {
        // The best of three: of the processor alone, since this machine may be busy with something else.
        const times = Array.from({ length: 3 }, () => {
          const before = process.threadCpuUsage();
          try {
            parse(sent);
          } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
          }
          const { user, system } = process.threadCpuUsage(before);
          return (user + system) / 1000;
        });
        expect(Math.min(...times), label).toBeLessThan(50);
      }
    }
  });
});
