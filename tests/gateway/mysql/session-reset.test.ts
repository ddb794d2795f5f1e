import { expect, test } from 'vitest';
import { commands } from '../../../main/gateway/mysql/commands.ts';
import { createSessionReset, type SessionResetOptions } from '../../../main/gateway/mysql/session-reset.ts';

/** A reset under way, whose server takes its time. */
function begun() {
  const told: Buffer[] = [];
  const server = Promise.withResolvers<Buffer[]>();
  const happened: string[] = [];
  const reset = createSessionReset({
    resetConnection: () => server.promise,
    toClient: (bytes) => void told.push(bytes),
    resume: (bytes) => void happened.push(`resumed with ${bytes.length} bytes`),
    end: () => void happened.push('ended'),
  } as Partial<SessionResetOptions> as SessionResetOptions);
  const command = Buffer.from([commands.resetConnection]);
  expect(reset.begin(command, 0, Buffer.alloc(0), (bytes) => bytes)).toBe(true);
  return { reset, server, told, happened };
}

test('what a client sends behind a reset waits for its end', async () => {
  const { reset, server, told, happened } = begun();
  reset.keep(Buffer.alloc(1000));
  reset.keep(Buffer.alloc(24));
  expect(told).toEqual([]);
  server.resolve([Buffer.from([0])]);
  await expect.poll(() => happened).toEqual(['resumed with 1024 bytes']);
  expect(reset.isUnderWay).toBe(false);
});

test('a client that sends without end meanwhile is told why its session ends, once', async () => {
  const { reset, server, told, happened } = begun();
  const chunk = Buffer.alloc(64 * 1024);
  for (let sent = 0; sent <= 32; sent += 1) reset.keep(chunk);
  expect(happened).toEqual(['ended']);
  expect(told).toHaveLength(1);
  // Error packet behind the header: 0xff, number 1927.
  expect([...(told[0]?.subarray(4, 7) ?? [])]).toEqual([0xff, 0x87, 0x07]);
  expect(told[0]?.toString()).toContain('1 MiB');
  server.resolve([Buffer.from([0])]);
  await server.promise;
  await Promise.resolve();
  expect(told).toHaveLength(1);
  expect(happened).toEqual(['ended']);
});
