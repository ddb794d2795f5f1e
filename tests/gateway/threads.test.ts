import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { startGatewayThreads } from '../../main/gateway/threads.ts';
import { useTemporaryFolders } from '../store/temporary-folder.ts';

const newFolder = useTemporaryFolders();

/** A worker that answers each message with its own number. */
async function script(): Promise<URL> {
  const file = join(await newFolder(), 'worker.mjs');
  await writeFile(
    file,
    `import { parentPort, threadId } from 'node:worker_threads';
     parentPort.on('message', (message) => parentPort.postMessage([threadId, message]));`,
  );
  return pathToFileURL(file);
}

test('the first thread is started ahead, and takes what is sent before it has loaded', async () => {
  const threads = startGatewayThreads({ workerUrl: await script(), log: () => undefined });
  const first = threads.next();
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
  first.postMessage('settings');
  expect(await once(first, 'message')).toEqual([[first.threadId, 'settings']]);
  const second = threads.next();
  expect(second.threadId).toBe(first.threadId + 1);
  await threads.close();
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
  second.postMessage('still there');
  expect(await once(second, 'message')).toEqual([[second.threadId, 'still there']]);
  await Promise.all([first.terminate(), second.terminate()]);
});

test('one that has failed before it was taken is told in the log, and replaced', async () => {
  const file = join(await newFolder(), 'broken.mjs');
  await writeFile(file, `throw new Error('as the test wished');`);
  const log: string[] = [];
  const threads = startGatewayThreads({ workerUrl: pathToFileURL(file), log: (line) => log.push(line) });
  await expect.poll(() => log.join('\n'), { timeout: 30_000 }).toContain('as the test wished');
  await writeFile(file, `import { parentPort } from 'node:worker_threads'; parentPort.postMessage('up');`);
  const next = threads.next();
  expect(await once(next, 'message')).toEqual(['up']);
  await next.terminate();
});

test('one that nobody has taken ends with the others', async () => {
  const ended = new Promise<number>((resolve) => {
    process.once('worker', (worker) => worker.once('exit', resolve));
  });
  const threads = startGatewayThreads({ workerUrl: await script(), log: () => undefined });
  await threads.close();
  expect(await ended).toBeTypeOf('number');
  await threads.close();
});
