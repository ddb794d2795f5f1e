import { endianness } from 'node:os';
import type { SocketEntry } from './socket-table.ts';

/** One end of a connection as the kernel knows it, or a listener, whose other port is 0. */
export interface Ends {
  address: string;
  port: number;
  /** The other end. */
  host: string;
  localPort: number;
}

/**
 * Asks the kernel for one TCP socket by its two ends: where both are not connected, for the listener that would take a
 * connection to the first.
 * @returns undefined where it has none, does not answer, or lets nobody ask
 */
export type Diagnose = (ends: Ends) => ToldSocket | undefined;

export interface ToldSocket extends SocketEntry {
  /** Which timer of the kernel runs: 1 something is not acknowledged, 2 keep-alive, 4 a full peer is asked for room; 0 none. */
  timer: number;
  /** How often it has run out without an answer. */
  tries: number;
}

/** The calls of the C library. */
interface SystemCalls {
  socket(family: number, type: number, protocol: number): number;
  send(socket: number, bytes: Buffer, length: number, flags: number): number;
  recv(socket: number, bytes: Buffer, length: number, flags: number): number;
  close(socket: number): number;
}

/** include/uapi/linux/{netlink,sock_diag,inet_diag}.h, asm-generic/socket.h */
const netlink = { family: 16, diagnosis: 4, raw: 3, closeOnExec: 0o2000000, nonBlocking: 0o4000 } as const;
const families = { ipv4: 2, ipv6: 10 } as const;
const tcp = 6;
const sockDiagByFamily = 20;
const isRequest = 1;
/** Offsets in a message: its header of 16 bytes, then inet_diag_req_v2, or inet_diag_msg. */
const request = { length: 72, family: 16, protocol: 17, states: 20, ends: 24, cookie: 64 } as const;
const answer = { length: 88, state: 17, timer: 18, tries: 19, ends: 20, uid: 80, inode: 84 } as const;
const ends = { port: 0, otherPort: 2, address: 4, otherAddress: 20 } as const;

/**
 * Linux tells one socket over netlink, sock_diag(7), in 0.05 ms, where its table costs milliseconds: the kernel walks all
 * places of the table, which are as many as its memory is large, and writes each connection that has lately ended. Node has
 * no netlink of its own, so that the C library is called. A socket for each question, as there is nothing then to close or to
 * mix up; the answer is there when the question has been sent.
 *
 * @returns undefined where the library for such calls cannot be loaded on this system
 */
export function loadSocketDiagnosis(): Promise<Diagnose | undefined> {
  return (loading ??= load());
}

/** The library stays loaded, as every module does. */
let loading: Promise<Diagnose | undefined> | undefined;

async function load(): Promise<Diagnose | undefined> {
  if (process.platform !== 'linux' || endianness() !== 'LE') return undefined;
  try {
    const { default: koffi } = await import('koffi/indirect');
    const libc = koffi.load(null);
    return diagnoseWith({
      socket: libc.func('int socket(int, int, int)') as SystemCalls['socket'],
      send: libc.func('long send(int, void *, size_t, int)') as SystemCalls['send'],
      recv: libc.func('long recv(int, void *, size_t, int)') as SystemCalls['recv'],
      close: libc.func('int close(int)') as SystemCalls['close'],
    });
  } catch {
    return undefined;
  }
}

function diagnoseWith(system: SystemCalls): Diagnose {
  return (wanted) => {
    const question = encodeQuestion(wanted);
    if (question === undefined) return undefined;
    const type = netlink.raw | netlink.closeOnExec | netlink.nonBlocking;
    const socket = system.socket(netlink.family, type, netlink.diagnosis);
    if (socket < 0) return undefined;
    try {
      if (system.send(socket, question, question.length, 0) !== question.length) return undefined;
      const bytes = Buffer.alloc(1024);
      const length = system.recv(socket, bytes, bytes.length, 0);
      return length < answer.length ? undefined : decodeAnswer(bytes.subarray(0, length), question);
    } finally {
      system.close(socket);
    }
  };
}

/** @returns undefined for an IPv6 address other than ::1, and for what is no address */
export function encodeQuestion({ address, port, host, localPort }: Ends): Buffer | undefined {
  const [here, there] = [addressBytes(address), addressBytes(host)];
  if (here === undefined || here.length !== there?.length) return undefined;
  const question = Buffer.alloc(request.length);
  question.writeUInt32LE(request.length, 0);
  question.writeUInt16LE(sockDiagByFamily, 4);
  question.writeUInt16LE(isRequest, 6);
  question[request.family] = here.length === 4 ? families.ipv4 : families.ipv6;
  question[request.protocol] = tcp;
  question.writeUInt32LE(0xffffffff, request.states);
  question.writeUInt16BE(port, request.ends + ends.port);
  question.writeUInt16BE(localPort, request.ends + ends.otherPort);
  here.copy(question, request.ends + ends.address);
  there.copy(question, request.ends + ends.otherAddress);
  // INET_DIAG_NOCOOKIE: whichever socket has these ends.
  question.fill(0xff, request.cookie);
  return question;
}

/** @returns undefined for an error of the kernel, and for a socket that is not the one that was asked for */
export function decodeAnswer(bytes: Buffer, question: Buffer): ToldSocket | undefined {
  if (bytes.length < answer.length || bytes.readUInt16LE(4) !== sockDiagByFamily) return undefined;
  const told = bytes.subarray(answer.ends, answer.ends + ends.address);
  if (!told.equals(question.subarray(request.ends, request.ends + ends.address))) return undefined;
  return {
    state: (bytes[answer.state] ?? 0).toString(16).toUpperCase().padStart(2, '0'),
    uid: bytes.readUInt32LE(answer.uid),
    inode: String(bytes.readUInt32LE(answer.inode)),
    timer: bytes[answer.timer] ?? 0,
    tries: bytes[answer.tries] ?? 0,
  };
}

function addressBytes(address: string): Buffer | undefined {
  if (address === '::1') return Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  const bytes = address.split('.').map(Number);
  return bytes.length === 4 && bytes.every((byte) => byte >= 0 && byte <= 255)
    ? Buffer.from(bytes)
    : undefined;
}
