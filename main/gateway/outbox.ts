/** How long news may wait for something that is sent at once. */
const newsMs = 10;

/**
 * What one thread sends another, in the order of the calls. A message wakes the other thread and costs more than all that
 * is in it, so that those of one turn of the event loop go together, and news go with the next that somebody waits for.
 */
export function createOutbox<Message>(post: (messages: Message[]) => void) {
  let waiting: Message[] = [];
  let soon: NodeJS.Immediate | undefined;
  let later: NodeJS.Timeout | undefined;

  function flush(): void {
    clearImmediate(soon);
    clearTimeout(later);
    soon = undefined;
    later = undefined;
    if (waiting.length === 0) return;
    const messages = waiting;
    waiting = [];
    post(messages);
  }

  return {
    /** At the end of this turn. */
    send(message: Message): void {
      waiting.push(message);
      soon ??= setImmediate(flush);
    },
    /** At once, with all that waits: this thread may end, or the other one must not let anything else happen before. */
    sendNow(message: Message): void {
      waiting.push(message);
      flush();
    },
    /** Nobody waits for it. */
    tell(message: Message): void {
      waiting.push(message);
      later ??= setTimeout(flush, newsMs);
    },
  };
}
