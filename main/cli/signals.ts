import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** Our own signals, held from the moment it is made, so that none ends us while the command is being started. */
export interface HeldSignals {
  passTo(child: Pick<ChildProcess, 'kill'>): void;
  close(): void;
}

/**
 * Passes signals on to a command that runs in our place, which must not end before it does. Ctrl-C and Ctrl-\ at a
 * terminal reach every process in front by themselves, as does a signal to the whole group; a second one would end what
 * only meant to cancel a query. One that was sent to us alone is for the command.
 */
export function holdSignals(): HeldSignals {
  let child: Pick<ChildProcess, 'kill'> | undefined;
  const forward = (signal: NodeJS.Signals): void => void child?.kill(signal);
  const unlessHeard = (signal: NodeJS.Signals): void => {
    void witness.heard(signal).then((heard) => heard || forward(signal));
  };
  const handlers: [NodeJS.Signals, (signal: NodeJS.Signals) => void][] = [
    ['SIGINT', unlessHeard],
    ['SIGTERM', forward],
    ['SIGHUP', forward],
  ];
  if (process.platform !== 'win32') handlers.push(['SIGQUIT', unlessHeard]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  // A process takes long to start on a busy machine: a key pressed meanwhile would end us before the handlers are there.
  const witness = startWitness();
  return {
    passTo: (command) => void (child = command),
    close() {
      for (const [signal, handler] of handlers) process.off(signal, handler);
      witness.close();
    },
  };
}

interface Witness {
  /** Whether the signal that we have just got went to the whole process group. Never rejects. */
  heard(signal: NodeJS.Signals): Promise<boolean>;
  close(): void;
}

/** Ends with its input, so with us, whatever becomes of us. */
const script =
  "trap 'echo SIGINT; s=1' INT; trap 'echo SIGQUIT; s=1' QUIT; while :; do s=; read -r _ || [ -n \"$s\" ] || exit; done";

/** Time for a signal to reach the other processes of the group. */
const reachMs = 150;

/**
 * A shell in our process group, which gets what the group gets: Node does not tell who has sent a signal (`si_pid`, `si_code`
 * of sigaction(2)). Where there is none, whoever sits at a terminal counts as the sender.
 */
function startWitness(): Witness {
  const atTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  const unknown: Witness = { heard: async () => atTerminal, close: () => undefined };
  if (process.platform === 'win32') return unknown;
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
  /** Signals that it has got and nobody has asked for yet. */
  let told: string[] = [];
  let failed = false;
  const events = new EventTarget();
  const note = (...signals: string[]): void => {
    told.push(...signals);
    events.dispatchEvent(new Event('told'));
  };
  shell.on('error', () => (failed = true));
  shell.stdin.on('error', () => undefined);
  // Before it has set its traps it ends as any program does.
  shell.on('exit', (_code, signal) => {
    failed = true;
    if (signal !== null) note(signal);
  });
  shell.stdout.setEncoding('ascii').on('data', (text: string) => note(...text.trim().split('\n')));
  shell.unref();
  for (const stream of [shell.stdin, shell.stdout]) (stream as { unref?(): void }).unref?.();

  function take(signal: string): boolean {
    const at = told.indexOf(signal);
    told = told.filter((_each, index) => index !== at);
    return at !== -1;
  }

  return {
    async heard(signal) {
      const limit = AbortSignal.timeout(reachMs);
      while (!take(signal)) {
        if (failed) return unknown.heard(signal);
        try {
          await once(events, 'told', { signal: limit });
        } catch {
          return take(signal);
        }
      }
      return true;
    },
    close: () => void shell.kill(constants.signals.SIGKILL),
  };
}
