import { app } from 'electron';
import { restartArguments } from './restart-arguments.ts';

const answerMs = 300;

/** Whoever has asked for it gets the answer first, which goes through what closes then. */
export function quitSoon(): void {
  setTimeout(() => app.quit(), answerMs);
}

/** @param program that takes this one's place once it has ended */
export function restartFrom(program: string): void {
  app.relaunch({ execPath: program, args: restartArguments(process.argv) });
  quitSoon();
}
