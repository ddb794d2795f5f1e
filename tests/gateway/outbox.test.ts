import { expect, test } from 'vitest';
import { createOutbox } from '../../main/gateway/outbox.ts';

function outbox() {
  const posted: string[][] = [];
  let arrived = (): void => undefined;
  return {
    posted,
    /** Resolves with the next post. */
    next: () => new Promise<void>((resolve) => (arrived = resolve)),
    ...createOutbox<string>((messages) => {
      posted.push(messages);
      arrived();
    }),
  };
}

test('the messages of one turn go together, in the order of the calls, with the news before them', async () => {
  const { posted, next, send, tell } = outbox();
  tell('opened');
  send('first');
  tell('ended');
  send('second');
  expect(posted).toEqual([]);
  await next();
  expect(posted).toEqual([['opened', 'first', 'ended', 'second']]);
});

test('what must not wait takes along what was sent before, and nothing goes twice', async () => {
  const { posted, next, send, sendNow, tell } = outbox();
  tell('news');
  send('decision');
  sendNow('cut');
  expect(posted).toEqual([['news', 'decision', 'cut']]);
  const later = next();
  send('another');
  await later;
  expect(posted).toEqual([['news', 'decision', 'cut'], ['another']]);
});

test('news go by themselves where nothing else is sent', async () => {
  const { posted, next, tell } = outbox();
  tell('opened');
  await next();
  expect(posted).toEqual([['opened']]);
});
