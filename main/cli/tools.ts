import type { Command } from 'commander';
import type { Client } from './client.ts';
import type { Output } from './output.ts';

export interface Globals {
  config: string;
  home: string;
  json: boolean;
}

type Body<First> = (first: First, ...parameters: never[]) => Promise<number | void>;
type Action = (...parameters: unknown[]) => Promise<void>;

/** What a group of commands needs to register itself. */
export interface Tools {
  program: Command;
  output: Output;
  /** Aborts on Ctrl-C. */
  signal: AbortSignal;
  /** Runs the body with the options of the whole line; a failure becomes sentences and an exit code. */
  run(body: Body<Globals>): Action;
  /** The same, with a client of the home's broker. */
  withClient(body: Body<Client>): Action;
}
