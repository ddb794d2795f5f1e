import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Client, DatabaseError } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { createDescriptorBudget } from '../../../main/gateway/descriptors.ts';
import { checkOwner } from '../../../main/gateway/peers/owner-check.ts';
import { ownerRefusal, type OwnerRule } from '../../../main/gateway/peers/owner.ts';
import type { PeerIdentity } from '../../../main/gateway/peers/identity.ts';
import { createRejections } from '../../../main/gateway/rejections.ts';
import type { Gatekeeper, Peer } from '../../../main/gateway/ports.ts';
import { otherUser } from '../../support/other-user.ts';
import { describeWith, program } from '../../support/parts.ts';
import { withoutNetlink } from '../../support/without-netlink.ts';
import { startTestGateway, type TestGateway } from '../fixture.ts';

const tcp: Peer = { transport: 'tcp', address: '127.0.0.1', port: 50_000, localPort: 15_432 };

describe('who may come in', () => {
  const codeOf = (identity: PeerIdentity, rule: Partial<OwnerRule> = {}, peer: Peer = tcp) =>
    ownerRefusal(peer, identity, { uid: 1000, elevatedTools: 'refuse', ...rule })?.problem.code ?? 'in';
  const windows = { uid: undefined };

  it.each<[string, string, PeerIdentity, Partial<OwnerRule>]>([
    ['this user', 'in', { uid: 1000 }, {}],
    ['another user', 'os-user-refused', { uid: 1001 }, {}],
    ['root', 'os-user-refused', { uid: 0 }, {}],
    ['nobody knows whom', 'os-user-unknown', {}, {}],
    ['a /proc without tables', 'os-user-unknown', { unknown: 'no-table' }, {}],
    ['no descriptors left', 'limit-reached', { unknown: 'no-descriptors' }, {}],
    ['Windows: this user', 'in', { sameUser: true }, windows],
    ['Windows: another user', 'os-user-refused', { sameUser: false }, windows],
    ['Windows: access denied', 'os-user-unknown', { unknown: 'hidden' }, windows],
    ['Windows: an elevated tool', 'os-user-unknown', { unknown: 'hidden-here' }, windows],
    [
      'Windows: one that is allowed',
      'in',
      { unknown: 'hidden-here' },
      { ...windows, elevatedTools: 'allow' },
    ],
    [
      'Windows: allowed, on another desktop',
      'os-user-unknown',
      { unknown: 'hidden' },
      { ...windows, elevatedTools: 'allow' },
    ],
    ['Windows: a helper too slow', 'os-user-unknown', { unknown: 'no-answer' }, windows],
    [
      'Windows: the same, where elevated tools are allowed',
      'os-user-unknown',
      { unknown: 'no-answer' },
      { ...windows, elevatedTools: 'allow' },
    ],
  ])('%s: %s', (_who, code, identity, rule) => expect(codeOf(identity, rule)).toBe(code));

  it('whoever can open the unix socket', () => expect(codeOf({}, {}, { transport: 'unix' })).toBe('in'));
});

it('a flood of strangers is one record, and a sum of the rest', () => {
  const told: Parameters<Gatekeeper['rejected']>[0][] = [];
  const { tellOfStranger, tell, close } = createRejections((rejection) => void told.push(rejection));
  const of = (uid: number | undefined) => ({
    connection: 'sales',
    peer: { ...tcp, ...(uid === undefined ? {} : { uid }) },
    refusal: { sqlState: '28000', problem: { code: 'os-user-refused' as const, message: 'no' } },
  });
  for (let count = 0; count < 5000; count += 1) tellOfStranger(of(65_534));
  tellOfStranger(of(undefined));
  expect(told).toEqual([of(65_534), of(undefined)]);
  // They take no room from what is this person's own.
  for (let count = 0; count < 3; count += 1) tell(of(1000));
  expect(told).toHaveLength(5);
  close();
  expect(told.slice(5)).toEqual([{ ...of(65_534), unreported: 4998 }]);
});

describe('descriptors', () => {
  const socketAt = (fd: number) => ({ _handle: { fd } }) as never;
  it('are kept free for the API and for the answer', () => {
    const { isShort, isOut } = createDescriptorBudget(1024);
    expect([958, 960, 991, 992].map((fd) => [isShort(socketAt(fd)), isOut(socketAt(fd))])).toEqual([
      [false, false],
      [true, false],
      [true, false],
      [true, true],
    ]);
  });
  it('are not short where nothing is known', () => {
    expect(createDescriptorBudget(1024).isShort({} as never)).toBe(false);
    // As on systems without /proc.
    expect(createDescriptorBudget(NaN).isShort(socketAt(5000))).toBe(false);
  });
});

describeWith([otherUser.part], 'another user at the gateway', () => {
  let gateway: TestGateway | undefined;
  const children: ChildProcess[] = [];
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await gateway?.close();
    gateway = undefined;
  });

  /** Logins with whatever proof, and packets of no protocol. */
  const attack = (port: number) => `
import socket, struct, sys
body = b"user\\0eve\\0database\\0sales\\0\\0"
startup = struct.pack(">ii", 8 + len(body), 196608) + body
answers = []
for n in range(300):
    s = socket.create_connection(("127.0.0.1", ${port}))
    s.settimeout(20)
    try:
        s.sendall(startup if n % 2 == 0 else b"GET / HTTP/1.1\\r\\n\\r\\n" + b"x" * 40)
        if n % 2 == 0:
            s.recv(1000)
            s.sendall(b"p" + struct.pack(">i", 4 + 7) + b"secret\\0")
            answers.append(s.recv(4000))
    except OSError:
        pass
    s.close()
print(sum(b"serves another user" in answer for answer in answers))`;

  it('spends no session and hardly a record, and the owner comes in as before', async () => {
    gateway = await startTestGateway({
      upstream: { port: 1 },
      login: { user: 'sales', database: 'sales' },
      // As many as one person has: a stranger that took one would keep the owner out.
      listener: { clientAuth: 'password', maxSessions: 1 },
    });
    const [command = '', ...prefix] = otherUser.prefix;
    const child = spawn(command, [...prefix, '/usr/bin/python3', '-c', attack(gateway.port)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: '/',
    });
    children.push(child);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await once(child, 'close');
    expect(Number(out)).toBe(150);
    const { attempts, rejections } = gateway.gatekeeper;
    expect(attempts).toEqual([]);
    expect(rejections.length).toBeLessThan(12);
    expect(rejections[0]).toMatchObject({ refusal: { problem: { code: 'os-user-refused' } } });
    expect(rejections[0]?.peer.uid).not.toBe(process.getuid?.());
    const client = new Client({
      host: '127.0.0.1',
      port: gateway.port,
      user: 'ann',
      database: 'sales',
      password: 'lk_wrong',
    });
    const refused = await client.connect().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(DatabaseError);
    expect(attempts).toHaveLength(1);
  });
});

const unshare = program('unshare', 'install the package util-linux');
/** A /proc that shows processes only, as systemd's ProcSubset=pid makes it. */
const isolated =
  process.getuid?.() === 0
    ? [unshare.path ?? '', '--kill-child', '-pfm']
    : ['sudo', '-n', unshare.path ?? '', '--kill-child', '-pfm'];
describeWith([unshare, otherUser.part, withoutNetlink.part], 'a /proc without tables', () => {
  /** @param variables `LD_PRELOAD=…` */
  function checkThere(...variables: string[]): unknown {
    const script = `import { checkOwner } from '${new URL('../../../main/gateway/peers/owner-check.ts', import.meta.url).href}';
      console.log(JSON.stringify((await checkOwner()) ?? null))`;
    const [command = '', ...parameters] = isolated;
    const { stdout, stderr } = spawnSync(
      command,
      [
        ...parameters,
        'sh',
        '-c',
        'mount -t proc -o subset=pid proc /proc && exec env "$@"',
        'sh',
        ...variables,
        process.execPath,
        '--input-type=module',
        '-e',
        script,
      ],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  }

  it('is not needed where the kernel may be asked', async () => {
    expect(await checkOwner()).toBeUndefined();
    expect(checkThere()).toBeNull();
  });

  it('is found at the start where it may not', () => {
    expect(checkThere(withoutNetlink.variable())).toEqual({
      code: 'os-user-unknown',
      message: expect.stringContaining(
        'it may neither ask the kernel for it nor read /proc/net/tcp',
      ) as string,
      remedy: expect.stringMatching(/AF_NETLINK.*ProcSubset=all/) as string,
    });
  });
});
