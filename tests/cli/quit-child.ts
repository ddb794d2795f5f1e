// Begins to end at the first signal, and never comes to the end of it.
import { writeSync } from 'node:fs';
import { quitSignal } from '../../main/cli/quit-signal.ts';

quitSignal().addEventListener('abort', () => writeSync(1, 'ending\n'));
setInterval(() => undefined, 60_000);
writeSync(1, 'ready\n');
