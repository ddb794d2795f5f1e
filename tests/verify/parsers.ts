import { createCommandTranslator } from '../../main/gateway/mysql/client-commands.ts';
import { encodeGreeting, createScramble, parseGreeting } from '../../main/gateway/mysql/greeting.ts';
import {
  encodeHandshakeResponse,
  parseAttributes,
  parseHandshakeResponse,
  parseSslRequest,
} from '../../main/gateway/mysql/handshake-response.ts';
import { createReplies } from '../../main/gateway/mysql/replies.ts';
import { parseLoginAnswer, parseServerError } from '../../main/gateway/mysql/server-packets.ts';
import { packet } from '../../main/gateway/mysql/wire.ts';
import * as backend from '../../main/gateway/postgres/backend-messages.ts';
import { certificateHash } from '../../main/gateway/postgres/certificate-hash.ts';
import * as frontend from '../../main/gateway/postgres/frontend-messages.ts';
import * as scram from '../../main/gateway/postgres/scram-messages.ts';
import { encodeStartupPacket, parseStartupPacket } from '../../main/gateway/postgres/startup.ts';
import { headerLength, parseHeader } from '../../main/gateway/postgres/wire.ts';
import { ProtocolError } from '../../main/gateway/refused.ts';
import { parseInstanceResponse } from '../../main/gateway/sqlserver/browser.ts';
import { parseLogin7 } from '../../main/gateway/sqlserver/login7.ts';
import { parsePrelogin } from '../../main/gateway/sqlserver/prelogin.ts';
import { parseLoginResponse, parsePacketSize, parseRoute } from '../../main/gateway/sqlserver/tokens.ts';
import { modernExtended, modernFlags } from '../gateway/mysql/raw-client.ts';
import { login7 } from '../gateway/sqlserver/raw-client.ts';
import * as standIn from '../support/tds-server-tokens.ts';
import { count, type Target } from './target.ts';

const sizes = { quick: 5_000, full: 1_000_000 };
const slowMs = 50;
const modern = { flags: modernFlags, extended: modernExtended };
const tdsVersion = 0x74000004;

/** Everything in the gateways that reads bytes of a stranger, with a message that it takes. */
const parsers: [name: string, parse: (input: Buffer) => unknown, valid: Buffer][] = [
  ['postgres header', (input) => parseHeader(input, 1000), Buffer.from([0x52, 0, 0, 0, 8])],
  [
    'postgres startup',
    parseStartupPacket,
    encodeStartupPacket({
      kind: 'startup',
      minor: 2,
      parameters: [['user', 'ann']],
      protocolOptions: ['_pq_.x'],
    }).subarray(4),
  ],
  ['postgres authentication', backend.parseAuthentication, Buffer.from('\0\0\0\x0aSCRAM-SHA-256\0\0')],
  [
    'postgres error',
    backend.parseError,
    backend.encodeError({ severity: 'FATAL', sqlState: '28000', message: 'text' }).subarray(headerLength),
  ],
  ['postgres key', backend.parseBackendKey, Buffer.alloc(8)],
  ['postgres status', backend.parseParameterStatus, Buffer.from('TimeZone\0UTC\0')],
  ['postgres password', frontend.parsePassword, Buffer.from('secret\0')],
  [
    'postgres sasl',
    frontend.parseSaslInitial,
    frontend.encodeSaslInitial({ mechanism: 'SCRAM-SHA-256', data: 'n,,n=,r=abc' }).subarray(headerLength),
  ],
  ['scram client', (input) => scram.parseClientFirst(input.toString()), Buffer.from('n,,n=,r=abc,x=y')],
  ['scram proof', (input) => scram.parseClientFinal(input.toString()), Buffer.from('c=biws,r=ab,p=AAAA')],
  ['scram server', (input) => scram.parseServerFirst(input.toString()), Buffer.from('r=ab,s=AAAA,i=4096')],
  ['certificate', certificateHash, Buffer.from('30123003020100300d06092a864886f70d01010b', 'hex')],
  [
    'mysql greeting',
    parseGreeting,
    encodeGreeting({
      version: '11.4.2-MariaDB',
      threadId: 9,
      scramble: createScramble(),
      capabilities: modern,
      charset: 45,
      status: 2,
      plugin: 'mysql_native_password',
    }),
  ],
  [
    'mysql handshake',
    (input) => parseHandshakeResponse(input, parseSslRequest(input), 0xffff_ffff),
    encodeHandshakeResponse({
      capabilities: modern,
      maxPacket: 2 ** 24,
      charset: 45,
      user: 'ann',
      response: Buffer.alloc(20),
      database: 'sales',
      plugin: 'mysql_native_password',
      attributes: Buffer.from('\u0004_pid\u000242'),
    }),
  ],
  ['mysql attributes', parseAttributes, Buffer.from('\u0004_pid\u000242')],
  ['mysql answer', parseLoginAnswer, Buffer.from([0, 0, 0, 2, 0, 0, 0])],
  ['mysql error', parseServerError, Buffer.from('\u00ff\u0015\u0004#28000no', 'latin1')],
  ['mysql replies', mysqlReplies, packet(1, Buffer.from([0, 0, 0, 2, 0, 0, 0]))],
  ['mysql commands', mysqlCommands, packet(0, Buffer.from('\u0003kill query 7'))],
  ['tds prelogin', parsePrelogin, Buffer.from('00000b000601001100010209000000000001ff', 'hex')],
  [
    'tds browser',
    (input) => parseInstanceResponse(input, 'A'),
    Buffer.from('\x05\x2d\0ServerName;DB1;InstanceName;A;tcp;1433;np;x;;'),
  ],
  ['tds login7', parseLogin7, login7({ password: 'secret', attach: 'file' }).subarray(8)],
  [
    'tds tokens',
    (input) => parseLoginResponse(input, tdsVersion),
    Buffer.concat([
      standIn.textChange(1, 'sales', 'master'),
      standIn.loginAck(tdsVersion),
      standIn.error(tdsVersion, 40_613, 17, 'Not now.'),
      standIn.routing('db.example', 11_000, 'archive'),
      standIn.done(tdsVersion, 0),
    ]),
  ],
  ['tds route', (input) => parseRoute(21, input), Buffer.alloc(20, 2)],
  ['tds packet size', parsePacketSize, Buffer.from('\u00044\u00000\u00009\u00006\u0000')],
];

/** Half of what goes in is a good message with up to six bytes changed or its end cut off; half is anything. */
export const parserTarget: Target = {
  name: 'parsers',
  isTimed: true,
  bound: `1,000,000 inputs for each of ${parsers.length} parsers: no uncaught error, none over ${slowMs} ms`,
  async run(size) {
    const faults: string[] = [];
    const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
    const random = randomNumbers(seed);
    let slowest = 0;
    // Nine of ten inputs are refused, and writing down the stack of each would take ten times as long as the parsing.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    for (const [name, parse, valid] of parsers) {
      for (let done = 0; done < sizes[size]; done += 1) {
        const input = random(2) === 0 ? anything(random) : bent(valid, random);
        slowest = Math.max(
          slowest,
          timeOf(parse, input, (error) => faults.push(`${name}: ${error}`)),
        );
      }
    }
    Error.stackTraceLimit = stackTraceLimit;
    return {
      figure: `${count(sizes[size])} inputs for each of ${parsers.length} parsers, ${faults.length} uncaught errors${
        faults.length > 0 ? ` (${faults[0]})` : ''
      }, the slowest took ${slowest.toFixed(1)} ms; seed ${seed}`,
      pass: faults.length === 0 && slowest <= slowMs,
    };
  },
};

function timeOf(parse: (input: Buffer) => unknown, input: Buffer, fault: (error: string) => void): number {
  const again = Buffer.from(input);
  const started = performance.now();
  try {
    parse(input);
  } catch (error) {
    if (!(error instanceof ProtocolError)) fault(`${String(error)} for ${input.toString('hex')}`);
  }
  const took = performance.now() - started;
  if (took <= slowMs) return took;
  // A busy machine or the collector may have stopped us in the middle: the same input is asked once more.
  const retried = performance.now();
  try {
    parse(again);
  } catch {
    // It has been counted.
  }
  return performance.now() - retried;
}

function mysqlReplies(input: Buffer): void {
  const replies = createReplies(modern, false);
  replies.expect('result');
  replies.watch(input);
}

function mysqlCommands(input: Buffer): void {
  createCommandTranslator(modern, createReplies(modern, false), { find: () => undefined })(input);
}

type Random = (below: number) => number;

/** xorshift32: a million inputs a second, which a property library does not give; the seed repeats a run. */
function randomNumbers(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function anything(random: Random): Buffer {
  const input = Buffer.allocUnsafe(random(200));
  for (let at = 0; at < input.length; at += 1) input[at] = random(256);
  return input;
}

/** With bytes that lengths and marks are made of set more often than others. */
function bent(good: Buffer, random: Random): Buffer {
  const copy = Buffer.from(good);
  for (let changes = random(7); changes > 0; changes -= 1)
    copy[random(copy.length)] = random(3) === 0 ? (telling[random(telling.length)] ?? 0) : random(256);
  return random(2) === 0 ? copy.subarray(0, random(copy.length + 1)) : copy;
}
const telling = [0, 1, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff];
