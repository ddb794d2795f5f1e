import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseLogin7 } from '../../../main/gateway/sqlserver/login7.ts';
import { describeWith } from '../../support/parts.ts';
import { rawSocket } from '../../support/raw-socket.ts';
import { type TestGateway, startTestGateway } from '../fixture.ts';
import { type TediousTarget, clientParts, tedious, tsql } from './drivers.ts';
import { errorIn, logIn, login7, packet, packets, prelogin } from './raw-client.ts';
import { type Ways, startWays, upstreamPassword } from './ways.ts';

/** A connection with `requireTls`, in front of the stand-in; its certificate is the one of the gateway in `all`. */
let all: Ways;
let gateway: TestGateway;
beforeAll(async () => {
  all = await startWays();
  gateway = await startTestGateway({
    upstream: { port: all.plainServer.port },
    login: { user: 'reporting', database: 'sales', password: upstreamPassword },
    listener: { protocol: 'sqlserver', requireTls: true, clientTls: all.clientTls },
    limits: { startupMs: 600_000 },
  });
});
afterAll(async () => {
  await gateway.close();
  await all.close();
  expect(gateway.log).toEqual([]);
});

const to = (way: Parameters<Ways['to']>[0], more: Partial<TediousTarget> = {}): TediousTarget => ({
  ...all.to(way),
  port: gateway.port,
  password: gateway.token,
  ...more,
});
const encrypted = (): TediousTarget => to('a gateway with encryption on both sides');
const clear = (): TediousTarget => to('a gateway');
const refusedInClear = (): boolean =>
  gateway.gatekeeper.rejections.at(-1)?.refusal.problem.code === 'tls-required';
/** What the gateway keeps on record: nothing has been asked of the broker, and nothing went upstream. */
async function expectUnasked(attempt: () => Promise<void>): Promise<void> {
  const before = [gateway.gatekeeper.attempts.length, all.plainServer.logins.length];
  const records = gateway.gatekeeper.rejections.length;
  await attempt();
  await expect.poll(() => gateway.gatekeeper.rejections.length, { timeout: 10_000 }).toBeGreaterThan(records);
  expect(refusedInClear()).toBe(true);
  expect([gateway.gatekeeper.attempts.length, all.plainServer.logins.length]).toEqual(before);
}

describe('a SQL Server connection that requires TLS', () => {
  test('PRELOGIN says so to who does not encrypt', async () => {
    for (const [wish, answer] of [
      [0, 3],
      [2, 3],
      [1, 1],
      [3, 1],
    ] as const) {
      const socket = await rawSocket(gateway.port);
      socket.write(packet(0x12, prelogin([[1, [wish]]])));
      const [said] = packets(await socket.until((received) => packets(received).length === 1));
      const start = said?.payload.readUInt16BE(6) ?? 0;
      expect(said?.payload[start], `wish ${wish}`).toBe(answer);
      socket.destroy();
    }
    // Whoever leaves then is on record as one that does not encrypt; of who has gone the first is told, and later a sum.
    await expect.poll(() => gateway.gatekeeper.rejections.length, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(refusedInClear()).toBe(true);
  });

  test('who goes on in clear gets 18456 with the way out, and its token is not looked at', async () => {
    for (const version of [0x74000004, 0x71000001]) {
      await expectUnasked(async () => {
        const { socket, answer } = await logIn(gateway.port, login7({ password: gateway.token, version }));
        const error = errorIn(answer.payload, version === 0x71000001);
        expect(error).toMatchObject({ number: 18_456, done: true });
        expect(error.message).toMatch(/insecure transport.*Turn encryption on/);
        socket.destroy();
      });
    }
  });

  test('LOGIN7 in clear without PRELOGIN, and after the promise to encrypt', async () => {
    await expectUnasked(async () => {
      const socket = await rawSocket(gateway.port);
      socket.write(login7({ password: gateway.token }));
      const [answer] = packets(await socket.until((bytes) => packets(bytes).length === 1));
      expect(errorIn(answer?.payload ?? Buffer.alloc(0)).number).toBe(18_456);
      socket.destroy();
    });
    await expectUnasked(async () => {
      const socket = await rawSocket(gateway.port);
      socket.write(packet(0x12, prelogin([[1, [1]]])));
      await socket.until((bytes) => packets(bytes).length === 1);
      socket.write(login7({ password: gateway.token }));
      const received = await socket.until((bytes) => packets(bytes).length === 2);
      expect(errorIn(packets(received)[1]?.payload ?? Buffer.alloc(0)).number).toBe(18_456);
      socket.destroy();
    });
  });

  test('a discarded password is overwritten and not read', () => {
    const message = login7({ password: 'lk_secret' }).subarray(8);
    expect(parseLogin7(Buffer.from(message)).password).toBe('lk_secret');
    const copy = Buffer.from(message);
    const at = copy.readUInt16LE(44);
    expect(parseLogin7(copy, 'discard').password).toBe('');
    expect(copy.subarray(at, at + 18)).toEqual(Buffer.alloc(18));
  });

  test('tedious: in clear no, encrypted and with TLS first yes', async () => {
    for (const target of [encrypted(), to('a gateway with TLS first (TDS 8.0)')]) {
      const client = await tedious(target);
      expect(await client.batch('select suser_sname()')).toEqual(['reporting']);
      await client.close();
    }
    const attempts = gateway.gatekeeper.attempts.length;
    // It encrypts when the server demands it, but does not trust this certificate: so nothing of the login is sent.
    await expect(tedious(clear())).rejects.toThrow();
    expect(gateway.gatekeeper.attempts.length).toBe(attempts);
  });
});

describeWith([clientParts.tsql], 'tsql at a SQL Server connection that requires TLS', () => {
  test('it encrypts on demand; where it speaks a version without encryption, it is told', async () => {
    for (const target of [encrypted(), clear()])
      expect((await tsql(target, ['select suser_sname()'])).stdout).toContain('reporting');
    await expectUnasked(async () => {
      const { stdout, stderr } = await tsql({ ...clear(), tdsVersion: '7.0' }, ['select suser_sname()']);
      expect(stdout + stderr).toMatch(/18456[^]*insecure transport/);
    });
  });
});
