import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { UpstreamAddress } from '../../../main/gateway/ports.ts';
import {
  encodeInstanceRequest,
  findInstancePort,
  parseInstanceResponse,
} from '../../../main/gateway/sqlserver/browser.ts';
import { createTestAuthority } from '../../support/certificates.ts';
import { type TdsServer, startTdsServer } from '../../support/tds-server.ts';
import { startTestGateway } from '../fixture.ts';
import { bytes, holds } from './any-bytes.ts';
import { tedious } from './drivers.ts';
import { errorIn, logIn, login7 } from './raw-client.ts';

/** The port of the service is fixed, so that the tests take addresses of their own. */
const host = '127.0.53.77';
const never = new AbortController().signal;
const closing: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).toReversed()) await each.close();
});

const response = (data: string, length = Buffer.byteLength(data)): Buffer =>
  Buffer.concat([Buffer.from([5, length & 0xff, length >> 8]), Buffer.from(data)]);
const about = (instance: string, rest: string): string =>
  `ServerName;DB1;InstanceName;${instance};IsClustered;No;Version;16.0.1000.6;${rest};`;

/** What the service answers to each request, as [MC-SQLR] has them. */
async function startBrowser(
  answer: (instance: string, asked: number) => Buffer[],
): Promise<{ socket: Socket; asked: string[] }> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, { port, address }) => {
    expect(message[0]).toBe(4);
    expect(message.at(-1)).toBe(0);
    const instance = message.toString('latin1', 1, message.length - 1);
    asked.push(instance);
    for (const each of answer(instance, asked.length)) socket.send(each, port, address);
  });
  socket.bind(1434, host);
  await once(socket, 'listening');
  closing.push(socket);
  return { socket, asked };
}

describe('what the service says', () => {
  const express = about('SQLEXPRESS', 'tcp;49152;np;\\\\DB1\\pipe\\MSSQL$SQLEXPRESS\\sql\\query;');

  test('is read for the instance that was asked for', () => {
    expect(parseInstanceResponse(response(express), 'sqlexpress')).toEqual({ port: 49_152 });
    expect(parseInstanceResponse(response(about('A', 'np;x;')), 'A')).toEqual({ port: undefined });
    expect(encodeInstanceRequest('SQLEXPRESS').toString('latin1')).toBe('\u0004SQLEXPRESS\0');
  });

  test.each([
    ['another instance', response(express), 'OTHER'],
    ['another message', Buffer.concat([Buffer.from([4]), response(express).subarray(1)]), 'SQLEXPRESS'],
    ['a length that is not its own', response(express, 10), 'SQLEXPRESS'],
    ['no end', response(express.slice(0, -1)), 'SQLEXPRESS'],
    ['a port of no number', response(about('A', 'tcp;x;')), 'A'],
    ['port 0', response(about('A', 'tcp;0;')), 'A'],
    ['a port that is too large', response(about('A', 'tcp;65536;')), 'A'],
    ['two ports', response(about('A', 'tcp;1;tcp;2;')), 'A'],
    ['more than one instance', response(about('A', 'tcp;1;') + about('B', 'tcp;2;')), 'A'],
    ['more than it may', response(about('A', `tcp;1;np;${'x'.repeat(1100)};`)), 'A'],
    ['nothing', Buffer.alloc(0), 'A'],
  ])('%s is no answer', (_name, message, instance) => {
    expect(parseInstanceResponse(message, instance)).toBeUndefined();
  });

  test('any bytes are an answer or none', () => {
    holds((input) => void parseInstanceResponse(input, 'A'), bytes(120));
    const parts = fc.array(fc.constantFrom(';', 'tcp', '1433', 'InstanceName', 'ServerName', 'A', '\0'));
    fc.assert(
      fc.property(parts, (list) => {
        const found = parseInstanceResponse(response(list.join('')), 'A');
        expect(found === undefined || found.port === undefined || found.port === 1433).toBe(true);
      }),
    );
  });
});

describe('the look-up', () => {
  test('asks again where an answer got lost, and lets strange ones pass', async () => {
    const { asked } = await startBrowser((instance, times) =>
      times < 2 ? [] : [Buffer.from('garbage'), response(about(instance, 'tcp;50123;'))],
    );
    expect(await findInstancePort(host, 'ERP', 4000, never)).toBe(50_123);
    expect(asked).toEqual(['ERP', 'ERP']);
  });

  test('ends in time where nobody answers, and with the signal', async () => {
    const start = Date.now();
    await expect(findInstancePort('127.0.53.78', 'ERP', 300, never)).rejects.toMatchObject({
      code: 'upstream-unreachable',
      message: expect.stringContaining('does not tell the port of the instance "ERP"'),
    });
    expect(Date.now() - start).toBeLessThan(3000);
    const reason = new Error('gone');
    await expect(findInstancePort(host, 'ERP', 4000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const aborting = new AbortController();
    const asking = findInstancePort(host, 'ERP', 4000, aborting.signal);
    setTimeout(() => aborting.abort(reason), 50);
    await expect(asking).rejects.toBe(reason);
  });

  test('an instance without TCP is told so, an unknown host too', async () => {
    await startBrowser((instance) => [response(about(instance, 'np;pipe;'))]);
    await expect(findInstancePort(host, 'ERP', 4000, never)).rejects.toThrow('does not listen on TCP');
    await expect(findInstancePort('no-such-host.invalid', 'ERP', 4000, never)).rejects.toMatchObject({
      code: 'upstream-unreachable',
      message: expect.stringContaining('is not known to the network'),
    });
  });
});

describe('a connection to a named instance', () => {
  const login = { user: 'reporting', database: 'sales', password: 'of the instance' };
  const start = async (server: TdsServer, upstream: Partial<UpstreamAddress>) => {
    closing.push(server);
    const gateway = await startTestGateway({
      upstream: { port: 1, host, instance: 'ERP', ...upstream },
      login,
      listener: { protocol: 'sqlserver' },
    });
    closing.push(gateway);
    return gateway;
  };
  const failure = async (gateway: Awaited<ReturnType<typeof start>>) => {
    const { socket, answer } = await logIn(gateway.port, login7({ password: gateway.token }));
    await socket.closed();
    return errorIn(answer.payload).message;
  };

  test('finds its port at each login, and asks the server for the instance', async () => {
    const options = { logins: { reporting: login.password }, host, instance: 'ERP' };
    const first = await startTdsServer(options);
    const second = await startTdsServer(options);
    closing.push(second);
    const { asked } = await startBrowser((instance, times) => [
      response(about(instance, `tcp;${(times === 1 ? first : second).port};`)),
    ]);
    const gateway = await start(first, {});
    for (const server of [first, second]) {
      const { port, user, token, database } = gateway;
      const client = await tedious({ port, user, password: token, database });
      expect(await client.batch('select 7')).toEqual([7]);
      expect(server.logins).toMatchObject([{ user: 'reporting' }]);
      expect(server.logins[0]?.prelogin?.get(2)?.toString('latin1')).toBe('ERP\0');
      await client.close();
    }
    expect(asked).toEqual(['ERP', 'ERP']);
    expect(gateway.log).toEqual([]);
  });

  test('is not fooled by the service: who listens there has to be the instance, and prove its name', async () => {
    const authority = await createTestAuthority();
    const { certPem, keyPem } = await authority.issue({ dns: ['other.example'] });
    const stranger = await startTdsServer({ host, tls: { cert: certPem, key: keyPem } });
    const { socket } = await startBrowser((instance) => [response(about(instance, `tcp;${stranger.port};`))]);
    const tls = { mode: 'verify' as const, ca: authority.caPem, serverName: 'erp.example' };
    expect(await failure(await start(stranger, { tls }))).toContain('is not for the name "erp.example"');
    expect(stranger.logins).toEqual([]);
    socket.removeAllListeners('message');

    const other = await startTdsServer({ host, instance: 'OTHER' });
    socket.on('message', (_message, { port, address }) =>
      socket.send(response(about('ERP', `tcp;${other.port};`)), port, address),
    );
    expect(await failure(await start(other, {}))).toContain('is not the instance "ERP"');
    expect(other.logins).toEqual([]);
  });

  test('that cannot be found is refused in the protocol', async () => {
    const server = await startTdsServer({ host });
    const message = await failure(await start(server, { host: '127.0.53.79', connectTimeoutMs: 400 }));
    expect(message).toContain('SQL Server Browser service at 127.0.53.79');
    expect(message).toContain('set upstream.port instead');
  });
});
